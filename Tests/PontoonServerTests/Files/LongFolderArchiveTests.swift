import Foundation
import NIOCore
import PontoonTesting
import SystemPackage
import Testing

@testable import PontoonCore

/// Archives whose sizes, numbers of files or dates exceed the original fields of tar and zip.
///
/// The archives are sparse files.
@Suite(.timeLimit(.minutes(10)))
struct LongFolderArchiveTests {
    private static let modified = Date(timeIntervalSince1970: 1_795_448_266)

    private static func entry(_ path: String, _ kind: File.Kind = .file, size: Int64 = 0) -> FolderArchiveEntry {
        let content = FileContent(key: ObjectKey.random(), size: size, crc64: nil, md5: nil)
        let file = File(
            id: Identifiers.file(now: modified),
            name: path,
            kind: kind,
            project: ProjectID(owner: "a", shortName: "b"),
            parent: "c",
            content: kind == .file ? content : nil,
            createdOn: modified
        )
        return FolderArchiveEntry(path: path, file: file)
    }

    /// Writes an archive whose files contain only zeros.
    ///
    /// `checksum` receives the size of a file and returns the CRC-32 of that many zeros.
    private static func write(
        _ entries: [FolderArchiveEntry],
        as format: FolderArchiveFormat,
        to path: FilePath,
        checksum: (Int64) -> UInt32 = { _ in 0 }
    ) throws {
        try Data().write(to: URL(filePath: path.string))
        let file = try FileHandle(forWritingTo: URL(filePath: path.string))
        var layout = FolderArchiveLayout(format)
        var length = FolderArchiveLength(format)
        var offsets: [Int64] = []
        func append(_ produce: (inout ByteBuffer) -> Void) throws {
            var bytes = ByteBuffer()
            produce(&bytes)
            try file.write(contentsOf: Data(bytes.readableBytesView))
        }
        for entry in entries {
            offsets.append(layout.position)
            try append { layout.appendHeader(entry, to: &$0) }
            try file.truncate(atOffset: UInt64(layout.position + entry.size))
            try append { layout.appendFooter(of: entry, checksum: checksum(entry.size), to: &$0) }
            length.add(entry)
        }
        if format == .zip {
            for (entry, offset) in Swift.zip(entries, offsets) {
                try append {
                    layout.appendDirectoryEntry(entry, checksum: checksum(entry.size), offset: offset, to: &$0)
                }
            }
        }
        try append { layout.appendTrailer(to: &$0) }
        #expect(try file.offset() == UInt64(layout.position))
        #expect(length.finish() == layout.position && length.entries == entries.count)
        try file.close()
    }

    /// Runs Python with the path of an archive, and returns what it prints.
    private static func python(_ script: String, _ path: FilePath) async throws -> [String] {
        let output = try await runProgram(TestTools.python, ["-c", script, path.string])
        return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// CRC-32 of three zeros.
    private static let threeZeros: UInt32 = 0xFF41_D912

    private static let entries = [
        entry("run", .folder), entry("run/long", size: 9 << 30), entry("run/ü", size: 3),
        entry("run/limit", size: 0xFFFF_FFFF), entry("run/below", size: 0xFFFF_FFFE), entry("run/last", size: 3),
    ]

    @Test("a tar archive can exceed 8 GiB")
    func tar() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("a.tar")
            try Self.write(Self.entries, as: .tar, to: path)
            let script = """
                import sys, tarfile
                for entry in tarfile.open(sys.argv[1], errorlevel=2):
                    print(entry.name, entry.size, int(entry.mtime), entry.isdir())
                """
            let expected = Self.entries.map { entry in
                "\(entry.path) \(entry.size) 1795448266 \(entry.file.kind == .folder ? "True" : "False")"
            }
            #expect(try await Self.python(script, path) == expected)
        }
    }

    @Test("a zip archive can exceed 4 GiB")
    func zip() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("a.zip")
            try Self.write(Self.entries, as: .zip, to: path) { $0 == 3 ? Self.threeZeros : 0 }
            let script = """
                import datetime, sys, zipfile
                with zipfile.ZipFile(sys.argv[1]) as archive:
                    for entry in archive.infolist():
                        time = datetime.datetime(*entry.date_time, tzinfo=datetime.timezone.utc)
                        print(entry.filename, entry.file_size, int(time.timestamp()), entry.is_dir())
                    assert archive.read("run/ü") == archive.read("run/last") == bytes(3)
                """
            let expected = Self.entries.map { entry in
                let isFolder = entry.file.kind == .folder
                return "\(entry.path)\(isFolder ? "/" : "") \(entry.size) 1795448266 \(isFolder ? "True" : "False")"
            }
            #expect(try await Self.python(script, path) == expected)
        }
    }

    @Test("a zip archive can have more than 65,535 files")
    func manyFiles() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("a.zip")
            let entries = (0..<65_536).map { Self.entry("run/\($0)") }
            try Self.write(entries, as: .zip, to: path)
            let script = """
                import sys, zipfile
                with zipfile.ZipFile(sys.argv[1]) as archive:
                    print(len(archive.infolist()), archive.infolist()[-1].filename, archive.read("run/65535"))
                """
            #expect(try await Self.python(script, path) == ["65536 run/65535 b''"])
        }
    }

    @Test(
        "dates outside of the range of zip are replaced with its limits",
        arguments: [
            (0, "1980-01-01 00:00:00"), (951_827_696, "2000-02-29 12:34:56"), (5_000_000_000, "2107-12-31 23:59:58"),
        ]
    )
    func dates(seconds: Int, expected: String) async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("a.zip")
            var bytes = ByteBuffer()
            let date = Date(timeIntervalSince1970: TimeInterval(seconds))
            let entry = ZipWriter.Entry("a", .file, size: 0, modifiedOn: date)
            ZipWriter.appendHeader(entry, to: &bytes)
            ZipWriter.appendDescriptor(entry, checksum: 0, to: &bytes)
            let start = Int64(bytes.readableBytes)
            ZipWriter.appendDirectoryEntry(entry, checksum: 0, offset: 0, to: &bytes)
            ZipWriter.appendTrailer(entries: 1, directory: start..<Int64(bytes.readableBytes), to: &bytes)
            try Data(bytes.readableBytesView).write(to: URL(filePath: path.string))
            let script = """
                import datetime, sys, zipfile
                print(datetime.datetime(*zipfile.ZipFile(sys.argv[1]).infolist()[0].date_time))
                """
            #expect(try await Self.python(script, path) == [expected])
        }
    }
}
