package import Foundation

/// Attributes of a file, without following a symbolic link.
package struct FileStatus: Hashable, Sendable {
    package let isFile: Bool
    package let isDirectory: Bool
    /// Length in bytes.
    package let size: Int64
    /// Number of names that the file has.
    package let links: Int
    /// Time of the last change of the content.
    package let changedOn: Date
    /// Device and number of the file, which together identify it.
    package let device: UInt64
    package let inode: UInt64

    init(_ status: stat) {
        isFile = status.st_mode & S_IFMT == S_IFREG
        isDirectory = status.st_mode & S_IFMT == S_IFDIR
        size = Int64(status.st_size)
        links = Int(clamping: status.st_nlink)
        #if canImport(Darwin)
        let time = status.st_mtimespec
        #else
        let time = status.st_mtim
        #endif
        changedOn = Date(timeIntervalSince1970: Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(status.st_ino)
    }
}
