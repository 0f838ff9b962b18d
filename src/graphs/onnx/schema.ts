import protobuf from "protobufjs";

/**
 * The messages of ONNX that models of ours are made of, as `onnx/onnx.proto` numbers their fields (IR version 9). A
 * message not listed here is one that nothing of ours writes.
 */
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message StringStringEntryProto { string key = 1; string value = 2; }
  message TensorProto {
    repeated int64 dims = 1;
    int32 data_type = 2;
    string name = 8;
    bytes raw_data = 9;
    repeated StringStringEntryProto external_data = 13;
    int32 data_location = 14;
  }
  message AttributeProto {
    string name = 1;
    float f = 2;
    int64 i = 3;
    bytes s = 4;
    TensorProto t = 5;
    GraphProto g = 6;
    repeated float floats = 7;
    repeated int64 ints = 8;
    int32 type = 20;
  }
  message NodeProto {
    repeated string input = 1;
    repeated string output = 2;
    string name = 3;
    string op_type = 4;
    repeated AttributeProto attribute = 5;
    string domain = 7;
  }
  message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
  message TensorShapeProto { repeated Dimension dim = 1; }
  message TensorType { int32 elem_type = 1; TensorShapeProto shape = 2; }
  message TypeProto { TensorType tensor_type = 1; }
  message ValueInfoProto { string name = 1; TypeProto type = 2; }
  message GraphProto {
    repeated NodeProto node = 1;
    string name = 2;
    repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11;
    repeated ValueInfoProto output = 12;
    repeated ValueInfoProto value_info = 13;
  }
  message OperatorSetIdProto { string domain = 1; int64 version = 2; }
  message ModelProto {
    int64 ir_version = 1;
    string producer_name = 2;
    string producer_version = 3;
    GraphProto graph = 7;
    repeated OperatorSetIdProto opset_import = 8;
    repeated StringStringEntryProto metadata_props = 14;
  }
`,
  { keepCase: true },
);

const modelProto = root.lookupType("ModelProto");

/** A model's bytes. @param model fields as the schema names them */
export function encodeModel(model: object): Uint8Array {
  return modelProto.encode(modelProto.fromObject(model)).finish();
}

/**
 * Some fields of a message. What encodings hold one after the other is one message of all their fields.
 * @param fields as the schema names them
 */
export function encodeFields(message: "GraphProto" | "NodeProto" | "TensorProto", fields: object): Uint8Array {
  const type = root.lookupType(message);
  return type.encode(type.fromObject(fields)).finish();
}

/** A message as the field of another. */
export function asField(number: number, message: Uint8Array): Uint8Array {
  return protobuf.Writer.create()
    .uint32(number * 8 + 2)
    .bytes(message)
    .finish();
}

/** A model's fields, for tests and dumps; 64-bit integers as numbers. */
export function decodeModel(bytes: Uint8Array): Record<string, unknown> {
  return modelProto.toObject(modelProto.decode(bytes), { longs: Number });
}
