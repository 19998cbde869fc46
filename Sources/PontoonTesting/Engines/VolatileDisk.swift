import Foundation
package import SystemPackage

/// A file system on a disk that loses unflushed writes in a power cut.
///
/// A separate process mounts the file system, and exits with the test process. Requires root, FUSE and loop devices.
package final class VolatileDisk: Sendable {
    /// The kind of the file system.
    package enum FileSystem: String, CaseIterable, Sendable { case ext4, xfs }

    /// The root directory of the file system.
    package let root: FilePath

    private let process: EngineProcess

    /// Creates an empty file system, which the caller must ``remove()``.
    ///
    /// - Throws: ``ContractViolation`` if this machine cannot mount the file system.
    package static func create(_ kind: FileSystem) async throws -> VolatileDisk {
        let disk = VolatileDisk(kind)
        try await disk.process.run()
        return disk
    }

    private init(_ kind: FileSystem) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "pontoon-volatile-\(UUID().uuidString)")
        root = FilePath(folder.path).appending("disk")
        process = EngineProcess("volatile-disk", [folder.path, kind.rawValue])
    }

    /// Simulates a power cut: drops unflushed writes, and makes every access fail until ``restorePower()`` is called.
    ///
    /// - Parameter seed: Seed of the random choice of the unflushed writes to keep; `nil` keeps none.
    /// - Throws: ``ContractViolation`` if the process has exited or reports an error.
    package func cutPower(seed: UInt64?) async throws {
        try await process.send(seed.map { "cut \($0)" } ?? "cut", expecting: "cut")
    }

    /// Mounts the file system again; processes that used it must have exited.
    package func restorePower() async throws { try await process.start() }

    /// Unmounts the file system and deletes the disk.
    package func remove() async throws { try await process.close() }
}
