import Foundation
import NIOCore
import Subprocess
import SystemPackage
import Testing

extension PontoonUser {
    /// Runs `download` from the admin's project.
    func download(
        _ arguments: [String],
        watch: @escaping @Sendable (PontoonEvent, pid_t) async throws -> Void = { _, _ in }
    ) async throws -> PontoonRun {
        try await run(["download", "--json", "--project", "admin/uploads"] + arguments, watch: watch)
    }

    /// Returns the path of a file below the home folder.
    func path(_ name: String) -> String { folder.appending(name).string }

    /// Reads a file below the home folder.
    func bytes(_ name: String) throws -> ByteBuffer {
        ByteBuffer(bytes: try Data(contentsOf: URL(filePath: path(name))))
    }

    /// Returns the sorted names of the entries of a folder below the home folder, including hidden entries.
    func names(_ name: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(name)).sorted()
    }
}

extension PontoonRun {
    /// Offsets of the fetched ranges, in bytes and in the order of the events.
    var ranges: [Int64] { all("range").compactMap { $0.number("offset") } }
}

extension ServerProcess {
    /// Replaces the content of a file with the content of another file, but keeps its id.
    ///
    /// The API cannot do this.
    func exchangeContent(of file: String, for other: String) async throws {
        let script = """
            import sqlite3, sys
            database = sqlite3.connect(sys.argv[1], timeout=120)
            with database:
                database.execute(
                    "UPDATE files SET object_key = (SELECT object_key FROM files WHERE id = ?) WHERE id = ?",
                    (sys.argv[3], sys.argv[2]))
            """
        let result = try await Subprocess.run(
            .path(Places.python),
            arguments: Arguments(["-c", script, data.appending("pontoon.sqlite").string, file, other]),
            output: .discarded,
            error: .string(limit: 1 << 20)
        )
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
    }

    /// Changes a byte in the middle of the object of the only stored file.
    func damageStoredFile() throws {
        let folder = data.appending("objects/files").string
        let names = try #require(FileManager.default.enumerator(atPath: folder)).compactMap { $0 as? String }
        let files = names.map { "\(folder)/\($0)" }.filter { path in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
        }
        try #require(files.count == 1)
        try damage(FilePath(files[0]))
    }
}

/// Changes a byte in the middle of a file.
func damage(_ path: FilePath) throws {
    let file = try FileDescriptor.open(path, .readWrite)
    try file.closeAfter {
        let middle = try file.seek(offset: 0, from: .end) / 2
        var byte: [UInt8] = [0]
        _ = try byte.withUnsafeMutableBytes { try file.read(fromAbsoluteOffset: middle, into: $0) }
        try file.writeAll(toAbsoluteOffset: middle, [byte[0] ^ 1])
    }
}
