public import SystemPackage

/// A file that is uploaded or downloaded, or an empty folder that is created.
public protocol TransferItem: Sendable {
    /// Path of the file on this machine: the source of an upload, or the target of a download.
    var localPath: FilePath { get }
    /// The file's path on the server: folders and name, separated by slashes.
    var remotePath: String { get }
    /// The file's id on the server if it is known before the transfer; `nil` for uploads, and for files that were not
    /// found.
    var fileID: String? { get }
    /// Whether the item is an empty folder.
    var isFolder: Bool { get }
}

extension TransferItem {
    /// Whether the item is an empty folder, by default `false`.
    public var isFolder: Bool { false }

    /// Returns whether the last component of ``remotePath`` is `name`, compared byte for byte.
    func isNamed(_ name: String) -> Bool {
        let path = remotePath.utf8
        guard path.suffix(name.utf8.count).elementsEqual(name.utf8) else { return false }
        return path.count == name.utf8.count || path.dropLast(name.utf8.count).last == UInt8(ascii: "/")
    }
}
