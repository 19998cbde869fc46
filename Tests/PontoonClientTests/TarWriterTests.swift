import Foundation
import NIOCore
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

@testable import PontoonClient

/// The archives in which the client sends small files, as read by other programs.
struct TarWriterTests {
    private static let names = [
        "f", "a/b/c.txt", "ä/\u{1F600}", String(repeating: "n", count: 100), String(repeating: "n", count: 101),
        (0..<20).map { "folder \($0) ü" }.joined(separator: "/"), "a b\\c", "-dash", "line\u{301}", "x=y z",
    ]
    private static let sizes = [0, 1, 511, 512, 513, 4096, 70_000]

    private func content(_ size: Int) -> ByteBuffer { ByteBuffer(bytes: (0..<size).map { UInt8($0 % 251) }) }

    private func archive() -> (bytes: ByteBuffer, entries: [(name: String, size: Int)]) {
        var bytes = ByteBuffer()
        let entries = Self.names.enumerated().map { (name: $1, size: Self.sizes[$0 % Self.sizes.count]) }
        for (name, size) in entries {
            let records = [(key: "PONTOON.checksum", value: "AAAA="), ("PONTOON.labels", "{\"tags\":[\"\(size)\"]}")]
            TarWriter.append(name, records: records, content: content(size), to: &bytes)
        }
        TarWriter.appendTrailer(to: &bytes)
        return (bytes, entries)
    }

    @Test("Python reads the paths, records and bytes")
    func python() async throws {
        let script = """
            import json, sys, tarfile
            for entry in tarfile.open(sys.argv[1], errorlevel=2):
                data = tarfile.open(sys.argv[1]).extractfile(entry).read()
                assert entry.isfile() and all(byte == i % 251 for i, byte in enumerate(data)), entry.name
                assert entry.pax_headers["PONTOON.checksum"] == "AAAA=", entry.name
                labels = json.loads(entry.pax_headers["PONTOON.labels"])
                print(json.dumps([entry.name, len(data), labels["tags"][0]]))
            """
        try await withTemporaryFolder { folder in
            let path = folder.appending("a.tar")
            let (bytes, entries) = archive()
            try Data(bytes.readableBytesView).write(to: URL(filePath: path.string))
            let result = try await run(
                .path(TestTools.python),
                arguments: ["-c", script, path.string],
                output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20)
            )
            let found = try result.standardOutput.split(separator: "\n").map { line in
                try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [Any])
            }
            #expect(found.count == entries.count, "\(result)")
            for (line, entry) in zip(found, entries) {
                let name = try #require(line[0] as? String)
                #expect(name.utf8.elementsEqual(entry.name.utf8))
                #expect(line[1] as? Int == entry.size && line[2] as? String == "\(entry.size)")
            }
        }
    }

    @Test("GNU tar lists the paths and extracts the bytes")
    func gnuTar() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("a.tar")
            let (bytes, entries) = archive()
            try Data(bytes.readableBytesView).write(to: URL(filePath: path.string))
            let result = try await run(
                .name("tar"),
                arguments: ["--warning=no-unknown-keyword", "-C", folder.string, "-xf", path.string],
                output: .discarded,
                error: .string(limit: 1 << 20)
            )
            #expect(result.terminationStatus.isSuccess && result.standardError == "", "\(result)")
            for (name, size) in entries {
                let data = try Data(contentsOf: URL(filePath: folder.appending(name).string))
                #expect(Array(data) == Array(content(size).readableBytesView), "\(name)")
            }
        }
    }
}
