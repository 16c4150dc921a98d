/** Writes ZIP archives, both valid and malicious. */
import {crc32, deflateRawSync} from 'node:zlib';

export interface ZipEntry {
  readonly name: string | Buffer;
  readonly content?: Buffer | string;
  readonly deflate?: boolean;
  /** Header values that differ from the truth. */
  readonly declared?: {crc?: number; size?: number; packed?: number; method?: number; offset?: number};
  /** Unix mode, in the upper 16 bits of the external attributes. */
  readonly mode?: number;
  readonly flags?: number;
}

export function zip(entries: readonly ZipEntry[]): Buffer {
  const [locals, centrals]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const {name, content = '', deflate = false, declared = {}, mode = 0, flags = 0x800} of entries) {
    const [path, bytes] = [Buffer.from(name), Buffer.from(content)];
    const data = deflate ? deflateRawSync(bytes, {level: 9}) : bytes;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(declared.method ?? (deflate ? 8 : 0), 4);
    common.writeUInt32LE(declared.crc ?? crc32(bytes), 10);
    common.writeUInt32LE(declared.packed ?? data.length, 14);
    common.writeUInt32LE(declared.size ?? bytes.length, 18);
    common.writeUInt16LE(path.length, 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(declared.offset ?? offset, 10);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, path, data]);
    centrals.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03', 'latin1'), common, tail, path]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
