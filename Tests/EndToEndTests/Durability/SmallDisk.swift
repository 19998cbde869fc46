import Foundation
import Glibc
import PontoonTesting
import SystemPackage
import Testing

/// Runs `body` with a file system in memory, which is unmounted afterwards.
///
/// `options` are passed to `mount -o`, such as `size=64m`.
///
/// - Returns: The result of the body.
/// - Throws: The error of the body, or an error if the test does not run as root or the disk cannot be mounted.
func withSmallDisk<Value>(_ options: String, _ body: (FilePath) async throws -> Value) async throws -> Value {
    try #require(geteuid() == 0, "this test mounts a small disk and must run as root")
    return try await withTemporaryFolder { folder in
        let disk = folder.appending("disk")
        try FileManager.default.createDirectory(atPath: disk.string, withIntermediateDirectories: false)
        try #require(mount("tmpfs", disk.string, "tmpfs", 0, options) == 0, "mount: \(Errno(rawValue: errno))")
        // Unmounts the disk lazily, which succeeds even if a server that failed to stop still uses it.
        defer { umount2(disk.string, CInt(MNT_DETACH)) }
        return try await body(disk)
    }
}

/// Returns the number of bytes available on the file system that contains a path.
func freeBytes(_ path: FilePath) throws -> Int {
    var status = statvfs()
    try #require(statvfs(path.string, &status) == 0)
    return Int(status.f_bavail * status.f_frsize)
}
