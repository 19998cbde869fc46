import PontoonCore

/// The outcome of the transfer of one file.
public enum TransferOutcome: Sendable {
    /// The file is complete. An earlier run may have transferred some of its bytes.
    case transferred
    /// A file with the same bytes was already at the destination, so nothing was transferred. Also the outcome of an
    /// empty folder that exists or was created.
    case alreadyThere
    /// A file with the item's name exists at the destination, and ``TransferOptions/ConflictPolicy/skip`` was set.
    case skipped
    /// The transfer failed with this error. Another run resumes it if possible.
    case failed(any Error)
    /// The task was cancelled before the file was complete. Another run resumes the transfer if possible.
    case cancelled

    /// Whether the file was transferred, was already at its destination, or was skipped.
    public var isSuccess: Bool {
        switch self {
        case .transferred, .alreadyThere, .skipped: true
        case .failed, .cancelled: false
        }
    }
}

/// The method by which the local and the remote copy were compared.
public enum TransferVerification: String, Sendable {
    /// The server's checksum of the whole file matches.
    case file
    /// The storage's ETag or checksum of every part matches.
    case parts
    /// Only the lengths were compared, because there was no checksum of the whole file and, in an upload, at least one
    /// part had no checksum.
    case size
}

/// The result of transferring one file.
public struct TransferResult<Item: TransferItem>: Sendable {
    /// Position in the list of items.
    public let index: Int
    /// All items of the run.
    ///
    /// The results share this array.
    let items: [Item]
    /// The outcome of the transfer.
    public let outcome: TransferOutcome
    /// The file's id on the server; `nil` if it is not known.
    public let fileID: String?
    /// Length of the file in bytes; 0 if the file failed or was cancelled before its transfer began.
    public let size: Int64
    /// Number of bytes that this run sent or received, including repeated ones.
    public let transferredBytes: Int64
    /// Number of bytes that an earlier run transferred and this run reused.
    public let resumedBytes: Int64
    /// MD5 of an uploaded file, 32 hexadecimal digits; `nil` unless this run or an earlier one computed it.
    public let md5: String?
    /// The method of verification; `nil` for empty folders, and for outcomes other than ``TransferOutcome/transferred``
    /// and ``TransferOutcome/alreadyThere``.
    public let verification: TransferVerification?
    /// Id of the upload that was started or resumed; `nil` if there was none, as for downloads and for files sent in
    /// one call.
    public let uploadID: String?
    /// Checksum of the file; `nil` if it is not known.
    let crc64: CRC64NVME?
    /// Name on the server; `nil` if it is the same as the item's name.
    let name: String?

    /// The item to which the result applies.
    public var item: Item { items[index] }
    /// CRC-64/NVME of the file, 16 hexadecimal digits; `nil` if it is not known.
    public var crc64nvme: String? { crc64?.hex }
    /// Folders and name on the server, separated by slashes.
    ///
    /// The name differs from the item's name if the file was renamed.
    public var remotePath: String {
        guard let name else { return item.remotePath }
        return (item.remotePath.split(separator: "/").dropLast() + [name[...]]).joined(separator: "/")
    }
    /// Whether the file was transferred, was already at its destination, or was skipped.
    public var isSuccess: Bool { outcome.isSuccess }
}

/// The outcome of a file's transfer, without the progress that ``TransferResult`` adds.
struct TransferEnding: Sendable {
    var outcome: TransferOutcome
    var fileID: String?
    var crc64nvme: String?
    var md5: String?
    var verification: TransferVerification?
    /// Name on the server; `nil` if it is the same as the item's name.
    var name: String?
}
