/** A process that replaces a folder and dies at one of the calls on the way: `replace-child FOLDER CALL`. */
import {writeFolderAtomic} from 'captioner/dist/files/atomic';
import {FailingCalls} from './failing-calls';

const [folder, at] = process.argv.slice(2);
const calls = new FailingCalls();
calls.arm(Number(at), 'kill');
writeFolderAtomic(folder!, {'a.bin': 'new a', 'b.bin': 'new b'}).then(
  () => console.log(calls.count),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
