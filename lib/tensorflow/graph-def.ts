/**
 * Values of a node's attributes as protocol buffers (attr_value.proto, tensor.proto), and which inputs of an op are lists (op_def.proto).
 */
import {fieldsOf, float, integer, nested} from '../files/protobuf';
import {binding, type Attribute} from './backend';

/** An attribute as `executeOp` takes it, or its encoded value by name. */
export type NodeAttribute = Attribute | readonly [name: string, value: Buffer];

/** Encodes attributes: names and values in turns. */
export function attributeValues(attributes: readonly NodeAttribute[]): (string | Buffer)[] {
  return attributes.flatMap((one) => ('name' in one ? [one.name, encoded(one)] : [...one]));
}

/** For each input of an op the attribute that says how long it is, if it is a list. */
export type InputLists = readonly (string | undefined)[];

/** @param opDef An OpDef, whose fields 2 are the inputs; in these, field 5 or 6 names the attribute of a list. */
export function inputListsOf(opDef: Buffer): InputLists {
  const inputs = [...fieldsOf(opDef)].flatMap(([field, value]) => (field === 2 ? [value as Buffer] : []));
  return inputs.map((input) => {
    const list = [...fieldsOf(input)].find(([field]) => field === 5 || field === 6);
    return list && String(list[1]);
  });
}

/** Groups inputs that belong to one list. The first list whose attribute is missing takes what is left. */
export function groupInputs(
  inputs: readonly number[],
  lists: InputLists,
  attributes: readonly NodeAttribute[],
): (number | readonly number[])[] {
  const sizes = lists.map((name) => (name === undefined ? 1 : listSize(name, attributes)));
  let rest = inputs.length - sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  let from = 0;
  return lists.map((name, at) => {
    const size = sizes[at] ?? rest;
    if (sizes[at] === undefined) rest = 0;
    from += size;
    return name === undefined ? inputs[from - 1]! : inputs.slice(from - size, from);
  });
}

/** Length of a list by its attribute: a number, or types as the binding takes them, see lists.h. */
function listSize(name: string, attributes: readonly NodeAttribute[]): number | undefined {
  for (const one of attributes) {
    if (!('name' in one) || one.name !== name) continue;
    if (typeof one.value === 'number') return one.value;
    if (typeof one.value === 'string') return one.value.length;
  }
  return undefined;
}

/** Fields of an AttrValue by the binding's number of the attribute's type. */
const fields = new Map<number, (value: never) => Buffer>([
  [binding.TF_ATTR_STRING, (value: string) => nested(2, value)],
  [binding.TF_ATTR_INT, (value: number) => integer(3, value)],
  [binding.TF_ATTR_FLOAT, (value: number) => float(4, value)],
  [binding.TF_ATTR_BOOL, (value: boolean) => integer(5, value)],
  [binding.TF_ATTR_TYPE, (value: number) => integer(6, value)],
  [binding.TF_ATTR_SHAPE, (value: readonly number[]) => nested(7, shapeProto(value))],
]);

function encoded({name, type, value}: Attribute): Buffer {
  // The binding takes these two lists as text, see lists.h.
  if (name === 'fused_ops')
    return nested(1, ...(value as string).split(',').map((activation) => nested(2, activation)));
  if (name === 'TArgs') return nested(1, ...[...(value as string)].map(() => integer(6, binding.TF_FLOAT)));
  const field = fields.get(type) as ((value: unknown) => Buffer) | undefined;
  if (field === undefined) throw new RangeError(`Attribute ${name}: expected a known type, got ${type}`);
  const list = Array.isArray(value) && type !== binding.TF_ATTR_SHAPE;
  return list ? nested(1, ...(value as readonly unknown[]).map(field)) : field(value);
}

export const typeValue = (dtype: number): Buffer => integer(6, dtype);
export const shapeValue = (shape: readonly number[]): Buffer => nested(7, shapeProto(shape));

/** A constant. Where all elements are alike, one of them is enough. */
export function tensorValue(
  dtype: number,
  shape: readonly number[],
  values: Float32Array | Int32Array | Uint8Array,
): Buffer {
  const [first] = values;
  const alike = first !== undefined && values.every((value) => Object.is(value, first));
  const content = alike
    ? valueField(dtype, first)
    : nested(4, Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  return nested(8, integer(1, dtype), nested(2, shapeProto(shape)), content);
}

function valueField(dtype: number, value: number): Buffer {
  if (dtype === binding.TF_FLOAT) return float(5, value);
  return integer(dtype === binding.TF_BOOL ? 11 : 7, value);
}

function shapeProto(shape: readonly number[]): Buffer {
  return Buffer.concat(shape.map((size) => nested(2, integer(1, size))));
}
