package import Foundation

/// Attributes of a file or directory.
package struct FileStatus: Hashable, Sendable {
    package let isFile: Bool
    package let isDirectory: Bool
    /// Length in bytes.
    package let size: Int64
    /// Space that the content occupies on the disk in bytes; more than ``size`` if blocks are only partly used, and
    /// less if the file is sparse or compressed.
    package let allocatedSize: Int64
    /// Number of names (hard links) of the file.
    package let links: Int
    /// Time at which the content last changed.
    package let changedOn: Date
    /// Number of the device, which identifies the file together with ``inode``.
    package let device: UInt64
    package let inode: UInt64

    init(_ status: stat) {
        isFile = status.st_mode & S_IFMT == S_IFREG
        isDirectory = status.st_mode & S_IFMT == S_IFDIR
        size = Int64(status.st_size)
        let (allocatedSize, overflows) = Int64(status.st_blocks).multipliedReportingOverflow(by: 512)
        self.allocatedSize = overflows ? .max : allocatedSize
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
