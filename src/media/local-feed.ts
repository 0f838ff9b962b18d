import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { TempDir } from "./temp.ts";

/** The system's limit for the path of a socket, less its final zero: 104 bytes on macOS, 108 on Linux. */
const LONGEST_SOCKET_PATH = 103;

/** An input of ffmpeg next to its standard input: a Unix-domain socket that one reader may connect to. */
export interface LocalFeed extends AsyncDisposable {
  /** The URL for ffmpeg: `unix:/…`. */
  readonly url: string;
  /** Resolves when the reader has connected; pending for ever when it never does. */
  readonly connected: Promise<Socket>;
}

/**
 * Listens on a socket in a private temporary directory.
 *
 * @param root where to make that directory; the system's temporary directory is used where the path would be too long
 */
export async function openLocalFeed(root?: string): Promise<LocalFeed> {
  const directory = await shortTempDir(root);
  const path = directory.file("a.sock");
  const connected = Promise.withResolvers<Socket>();
  let reader: Socket | undefined;
  const server = createServer((socket) => {
    // A reader that dies resets the connection; how it ended is known from its process.
    socket.on("error", () => undefined);
    if (reader) socket.destroy();
    else connected.resolve((reader = socket));
    server.close();
  });
  try {
    await listen(server, path);
  } catch (error) {
    await directory[Symbol.asyncDispose]();
    throw error;
  }
  return {
    url: `unix:${path}`,
    connected: connected.promise,
    async [Symbol.asyncDispose]() {
      reader?.destroy();
      server.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

async function shortTempDir(root?: string): Promise<TempDir> {
  const directory = await TempDir.create(root);
  if (Buffer.byteLength(directory.file("a.sock")) <= LONGEST_SOCKET_PATH) return directory;
  await directory[Symbol.asyncDispose]();
  return TempDir.create(tmpdir());
}

async function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
