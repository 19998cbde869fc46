/** Texts of the upload engine: reasons why a file is not uploaded, with advice. `{…}` is replaced by a value. */
export const upload = {
  nameEmpty: ['The file has no name', 'Rename the file, then add it again.'],
  nameInvalid: [
    'The name is not allowed',
    'Names must have 1 to 255 characters, and no slashes or control characters. Rename the file or folder, then add ' +
      'it again.',
  ],
  tooLong: ['The file is larger than 5 TiB', 'Split the file, then add the pieces.'],
  nameTaken: [
    'A different file with this name exists',
    'Choose to skip or overwrite existing files, or rename this file.',
  ],
  folderTaken: ['A folder with this name exists', 'Rename this file, or the folder on the server.'],
  fileInTheWay: [
    'A file with the name of a folder exists',
    'Rename the file "{name}" on the server, or this folder.',
  ],
  fileChanged: [
    'The file has changed or cannot be read',
    'It was changed, moved or deleted after it was chosen, or its disk was removed. Add it again.',
  ],
  accessDenied: [
    'The browser may not read the file',
    'Allow access when the browser asks for it, or choose the file again.',
  ],
  checksumMismatch: [
    'The server received different bytes than were sent',
    'Memory, a disk or a proxy may be corrupting data. Try again. If this happens again, contact the operator of the' +
      ' server.',
  ],
  copyDiffers: [
    'The copy on the server differs from this file',
    'Delete the file on the server, then upload it again.',
  ],
  diskFull: [
    'The disk of the server is full',
    'Free space on the server, or contact its operator. Then try again.',
  ],
  noSpace: [
    'The server has no space for this file',
    'The file does not fit on the disk or in a quota, or you have too many unfinished uploads. Abort uploads that ' +
      'you no longer need, or contact the operator of the server.',
  ],
  signedOut: [
    'The server does not accept your token',
    'It may have expired or been revoked. Sign in again, then resume.',
  ],
  forbidden: [
    'You may not upload to this project',
    '{message} Contact an admin of the project.',
  ],
  destinationMissing: [
    'The destination no longer exists',
    'The project or folder was deleted. Choose another destination.',
  ],
  uploadMissing: [
    'The unfinished upload no longer exists',
    'It was completed or aborted, or has expired. Add the file again to start over.',
  ],
  otherSize: [
    'This is not the file that the upload was started for',
    'The upload is for a file of {expected} bytes; this file has {actual}.',
  ],
  urlRefused: [
    'The storage refused a part',
    'If this happens again, check that the clock of this computer is correct.',
  ],
  limitReached: [
    'A limit of the upload link is reached',
    'The link accepts no more files or bytes. Contact the person who gave it to you.',
  ],
  offline: ['No connection', 'The upload resumes automatically when the connection is back.'],
  unavailable: ['The server does not respond', 'It may be restarting. The upload resumes automatically.'],
  busy: ['The server is busy', 'The upload resumes automatically.'],
  otherTab: [
    'Another tab is uploading this file',
    'This upload starts when the other tab has finished or is closed.',
  ],
  unexpected: ['The upload failed', '{message}'],
  manifestFirstColumn: 'The first column is "{name}", not "File name".',
  manifestUnnamedColumn: 'Column {column} has no name.',
  manifestDuplicateColumn: 'Two columns are named "{name}".',
  manifestNoFile: 'Row {row} has no file name.',
  manifestTooManyValues:
    'Row {row} has {values} values, but the header has {columns} columns. Put quotes around values that contain ' +
    'commas.',
  manifestDuplicateFile: '"{name}" is listed more than once.',
  manifestQuotes: 'Row {row} has an opening quote without a closing one.',
  unreadable: '"{name}" cannot be read: {message}',
};

/** Fills the placeholders of a text. */
export function fill(text, values = {}) {
  return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
}
