import { MAXIMUM_SIZE } from './plan.js';
import { UploadProblem } from './problems.js';

const MOST_CHARACTERS = 255;

/** @throws {UploadProblem} if the server would refuse the name or the size of the file */
export function checkFile(item) {
  if (item.size > MAXIMUM_SIZE) throw new UploadProblem('tooLong');
  for (const name of item.path.split('/')) {
    if (name === '') throw new UploadProblem('nameEmpty');
    const isReserved = name === '.' || name === '..';
    const hasControls = /[\u0000-\u001f\u007f-\u009f]/.test(name);
    if (isReserved || hasControls || [...name].length > MOST_CHARACTERS) throw new UploadProblem('nameInvalid');
  }
}
