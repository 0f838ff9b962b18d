/** A blurred office behind the person: window, wall, shelves, plant, lamp. No grain, so that it packs well. */
import { createRandom, rgba } from "./math.ts";
import { type Box, type Context, createSurface, ellipse, FRAME, soft, type Surface } from "./raster.ts";

export interface RoomSpec {
  readonly seed: number;
  /** Wall from the lit to the dark side. */
  readonly wall: readonly [string, string, string];
  readonly window: readonly [string, string];
  readonly wood: string;
  readonly plant: readonly [string, string];
  readonly books: readonly string[];
  readonly lamp: string;
  /** Left edges of the shelf and the window, u. */
  readonly shelfX: number;
  readonly windowX: number;
  /** Pot centre, u. */
  readonly plantAt: readonly [number, number];
  /** Lamp centre, u. */
  readonly lampAt: readonly [number, number];
}

const WIDE: Box = [-60, -60, 1400, 840];

export function paintRoom(room: RoomSpec): Surface {
  const surface = createSurface([0, 0, FRAME[0], FRAME[1]], 1);
  const { ctx } = surface;
  const wall = ctx.createLinearGradient(0, 0, 1280, 560);
  wall.addColorStop(0, room.wall[0]);
  wall.addColorStop(0.55, room.wall[1]);
  wall.addColorStop(1, room.wall[2]);
  ctx.fillStyle = wall;
  ctx.fillRect(0, 0, 1280, 720);
  window(ctx, room);
  shelves(ctx, room);
  plant(ctx, room);
  lights(ctx, room);
  return surface;
}

function window(ctx: Context, room: RoomSpec): void {
  const x = room.windowX;
  soft(ctx, WIDE, 6, (c) => {
    const sky = c.createLinearGradient(x, 0, x + 80, 560);
    sky.addColorStop(0, room.window[0]);
    sky.addColorStop(1, room.window[1]);
    c.fillStyle = rgba(room.wall[2], 0.28);
    c.fillRect(x - 18, -40, 296, 606);
    c.fillStyle = sky;
    c.fillRect(x, -40, 260, 584);
    // Greenery and roofs outside, only as value changes.
    c.fillStyle = rgba(room.plant[1], 0.2);
    c.fill(ellipse(x + 40, 520, 90, 70));
    c.fill(ellipse(x + 190, 540, 110, 60));
    c.fillStyle = rgba(room.wall[1], 0.95);
    c.fillRect(x + 122, -40, 15, 590);
    c.fillRect(x, 236, 260, 11);
    c.fillStyle = rgba("#FFFFFF", 0.5);
    c.fillRect(x - 24, 556, 310, 18);
  });
  // Curtain: broad soft folds.
  soft(ctx, WIDE, 8, (c) => {
    for (let i = 0; i < 5; i++) {
      c.fillStyle = rgba(i % 2 === 0 ? "#FFFBF3" : room.wall[1], 0.62);
      c.fillRect(x - 128 + i * 28, -50, 28, 850);
    }
  });
}

function shelves(ctx: Context, room: RoomSpec): void {
  const random = createRandom(room.seed);
  const x = room.shelfX;
  soft(ctx, WIDE, 6.5, (c) => {
    const back = c.createLinearGradient(x, 0, x + 330, 0);
    back.addColorStop(0, rgba(room.wall[2], 0.75));
    back.addColorStop(1, rgba("#4A4542", 0.8));
    c.fillStyle = back;
    c.fillRect(x, -40, 360, 800);
    for (let row = 0; row < 5; row++) {
      const y = 92 + row * 158;
      // Light under each board falls off downward.
      const glow = c.createLinearGradient(0, y - 145, 0, y);
      glow.addColorStop(0, rgba(room.lamp, 0.3));
      glow.addColorStop(0.5, rgba(room.lamp, 0));
      c.fillStyle = glow;
      c.fillRect(x, y - 145, 360, 145);
      let bx = x + random.range(8, 40);
      while (bx < x + 340) {
        const kind = random.next();
        if (kind < 0.16) {
          bx += random.range(26, 70);
          continue;
        }
        if (kind < 0.26) {
          c.fillStyle = rgba(room.books[Math.floor(random.next() * room.books.length)] as string, 0.8);
          c.fill(ellipse(bx + 24, y - 26, 22, 27));
          bx += 56;
          continue;
        }
        const w = random.range(12, 26);
        const h = random.range(72, 118);
        c.fillStyle = rgba(room.books[Math.floor(random.next() * room.books.length)] as string, 0.9);
        c.fillRect(bx, y - h, w, h);
        bx += w + 2;
      }
      c.fillStyle = room.wood;
      c.fillRect(x - 8, y, 370, 12);
      c.fillStyle = rgba("#241E1B", 0.3);
      c.fillRect(x - 8, y + 12, 370, 7);
    }
    c.fillStyle = room.wood;
    c.fillRect(x - 12, -40, 14, 800);
  });
}

function plant(ctx: Context, room: RoomSpec): void {
  const random = createRandom(room.seed + 9);
  const [px, py] = room.plantAt;
  soft(ctx, WIDE, 6, (c) => {
    const pot = c.createLinearGradient(px - 40, 0, px + 40, 0);
    pot.addColorStop(0, "#F2ECE2");
    pot.addColorStop(1, "#A79C90");
    c.fillStyle = pot;
    c.fillRect(px - 40, py, 80, 200);
    for (let i = 0; i < 22; i++) {
      const a = -Math.PI / 2 + random.range(-1.3, 1.3);
      const l = random.range(80, 190);
      const lit = random.next();
      c.fillStyle = rgba(lit < 0.5 ? room.plant[0] : room.plant[1], random.range(0.6, 0.95));
      c.fill(ellipse(px + Math.cos(a) * l * 0.62, py + Math.sin(a) * l * 0.62, l * 0.44, random.range(12, 20), a));
    }
  });
}

/** Lamp, spill of the window, the pool of light behind the head, and a darker frame that keeps the eye on the face. */
function lights(ctx: Context, room: RoomSpec): void {
  const [x, y] = room.lampAt;
  soft(
    ctx,
    WIDE,
    7,
    (c) => {
      c.fillStyle = rgba("#FFF0D2", 0.95);
      c.beginPath();
      c.moveTo(x - 26, y - 34);
      c.lineTo(x + 26, y - 34);
      c.lineTo(x + 44, y + 36);
      c.lineTo(x - 44, y + 36);
      c.fill();
    },
    { alpha: 0.8 },
  );
  soft(ctx, WIDE, 38, (c) => {
    c.fillStyle = rgba(room.lamp, 0.5);
    c.fill(ellipse(x, y + 10, 110, 100));
    c.fillStyle = rgba(room.window[0], 0.36);
    c.fill(ellipse(room.windowX + 150, 240, 200, 280));
  });
  const pool = ctx.createRadialGradient(560, 270, 60, 600, 300, 480);
  pool.addColorStop(0, rgba("#FFF6E8", 0.22));
  pool.addColorStop(1, rgba("#FFF6E8", 0));
  ctx.fillStyle = pool;
  ctx.fillRect(0, 0, 1280, 720);
  const frame = ctx.createRadialGradient(620, 300, 420, 640, 340, 860);
  frame.addColorStop(0, rgba("#2A2422", 0));
  frame.addColorStop(1, rgba("#2A2422", 0.42));
  ctx.fillStyle = frame;
  ctx.fillRect(0, 0, 1280, 720);
}
