import {execFileSync} from 'node:child_process';
import {expect} from 'chai';
import {double, fieldsOf, float, integer, nested} from 'captioner/dist/files/protobuf';
import {python} from '../support';

describe('Protocol buffers', () => {
  const fields = [
    integer(1, 0),
    integer(2, 300),
    integer(3, 2 ** 53 - 1),
    integer(4, true),
    double(5, -0.1),
    float(6, 1.5),
    nested(7, 'größer 🐕', new Uint8Array([0, 255])),
    nested(300, integer(1, 7)),
  ];

  it('are read back field by field', () => {
    const read = [...fieldsOf(Buffer.concat(fields))];
    expect(read.map(([field]) => field)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 300]);
    expect(read.slice(0, 4).map(([, value]) => value)).to.deep.equal([0, 300, 2 ** 53 - 1, 1]);
    const bytes = read.slice(4).map(([, value]) => value as Buffer);
    expect([bytes[0]!.readDoubleLE(), bytes[1]!.readFloatLE()]).to.deep.equal([-0.1, 1.5]);
    expect(bytes[2]!.subarray(0, -2).toString()).to.equal('größer 🐕');
    expect([...fieldsOf(bytes[3]!)]).to.deep.equal([[1, 7]]);
  });

  it('are what Google’s own library takes them for', () => {
    const script =
      'import sys, json\n' +
      'from google.protobuf.struct_pb2 import Value\n' +
      'from google.protobuf.timestamp_pb2 import Timestamp\n' +
      'value, time = Value.FromString(bytes.fromhex(sys.argv[1])), Timestamp.FromString(bytes.fromhex(sys.argv[2]))\n' +
      'print(json.dumps([value.number_value, time.seconds, time.nanos]))';
    const hex = (bytes: Buffer): string => bytes.toString('hex');
    const args = [hex(double(2, 0.25)), hex(Buffer.concat([integer(1, 2 ** 40 + 5), integer(2, 999)]))];
    const printed = execFileSync(python(), ['-c', script, ...args], {encoding: 'utf8'});
    expect(JSON.parse(printed)).to.deep.equal([0.25, 2 ** 40 + 5, 999]);
  });

  it('are refused where they are cut off', () => {
    const whole = Buffer.concat(fields);
    let refused = 0;
    for (let length = 1; length < whole.length; length++)
      try {
        [...fieldsOf(whole.subarray(0, length))];
      } catch (error) {
        expect(error).to.be.instanceOf(RangeError);
        refused++;
      }
    // Those that are cut between two fields are messages too.
    expect(refused).to.equal(whole.length - 1 - (fields.length - 1));
  });
});
