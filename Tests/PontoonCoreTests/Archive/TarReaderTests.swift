import NIOCore
import PontoonCore
import PontoonTesting
import Testing

/// The reader of tar archives.
struct TarReaderTests {
    /// The entries of an archive and the contents of its files, which must not depend on how the archive was split.
    private struct Contents: Equatable {
        var entries: [TarEntry] = []
        var files: [[UInt8]] = []
        var unfinished = false

        init(_ bytes: [UInt8], piece: Int = .max) throws {
            var reader = TarReader()
            var rest = bytes[...]
            while !rest.isEmpty {
                reader.append(ByteBuffer(bytes: rest.prefix(piece)))
                rest = rest.dropFirst(piece)
                while let event = try reader.next() { try add(event) }
            }
            try reader.finish()
        }

        private mutating func add(_ event: TarEvent) throws {
            switch event {
            case .entry(let entry):
                #expect(!unfinished && entry.size >= 0)
                entries.append(entry)
                if entry.kind == .file {
                    unfinished = true
                    files.append([])
                }
            case .content(let bytes):
                #expect(unfinished && bytes.readableBytes > 0)
                files[files.count - 1] += bytes.readableBytesView
            case .endOfFile:
                #expect(Int64(try #require(files.last).count) == entries.last?.size)
                unfinished = false
            }
        }
    }

    private static func sample() -> TarBuilder {
        var tar = TarBuilder()
        tar.addRecords(["comment": "c", "mtime": "1"], type: "g")
        tar.add("run/", type: "5")
        tar.add("run/a.txt", Array("abc".utf8))
        tar.addRecords([
            "path": "run/ü/long", "PONTOON.checksum": "AAAAAAAAAAA=", "PONTOON.labels": "{}", "mtime": "1.5",
        ])
        tar.add("run/short", [UInt8](repeating: 7, count: 1025))
        tar.add("././@LongLink", Array("run/gnu\0".utf8), type: "L")
        tar.add("run/cut", [])
        tar.add("link", type: "2")
        return tar
    }

    @Test(
        "entries have their paths, kinds, records and contents, in pieces of any size",
        arguments: [1, 7, 512, 513, .max]
    )
    func entries(piece: Int) throws {
        let contents = try Contents(Array(Self.sample().finished().readableBytesView), piece: piece)
        #expect(contents.entries.map(\.displayPath) == ["run", "run/a.txt", "run/ü/long", "run/gnu", "link"])
        #expect(
            contents.entries.map(\.kind) == [.folder, .file, .file, .file, .unsupported("a symbolic link")]
        )
        #expect(contents.entries.map(\.checksum) == [nil, nil, "AAAAAAAAAAA=", nil, nil])
        #expect(contents.entries.map(\.labels) == [nil, nil, "{}", nil, nil])
        #expect(contents.files == [Array("abc".utf8), [UInt8](repeating: 7, count: 1025), []])
    }

    @Test(
        "sizes may be octal, binary or in a pax record",
        arguments: [("00000000003\0", nil), ("         3  ", nil), ("3\0", nil), ("9", "3"), ("\0", "3")]
            as [(String, String?)]
    )
    func sizes(field: String, record: String?) throws {
        var tar = TarBuilder()
        if let record { tar.addRecords(["size": record]) }
        tar.add("a", Array("abc".utf8), size: field == "9" ? "11" : field)
        #expect(try Contents(Array(tar.finished().readableBytesView)).files == [Array("abc".utf8)])
    }

    @Test(
        "an archive that is damaged is refused",
        arguments: ["-1", "777777777777777777777", "8", "1 1"].map { ("size", $0) }
            + ["-1", "9223372036854775808", "x"].map { ("record", $0) }
            + ["", "5", "99 path=a\n", "9 path=a", "8 path a\n", "-8 path=a\n", "4 =\n5"].map { ("pax", $0) }
    )
    func damaged(kind: String, text: String) {
        var tar = TarBuilder()
        tar.add("first")
        switch kind {
        case "size": tar.add("a", Array("abc".utf8), size: String(text.prefix(12)))
        case "record":
            tar.addRecords(["size": text])
            tar.add("a", Array("abc".utf8))
        default:
            tar.add("pax", Array((text.isEmpty ? " " : text).utf8), type: "x")
            tar.add("a")
        }
        #expect(throws: TarError.self) { try Contents(Array(tar.finished().readableBytesView)) }
    }

    @Test("long keys of pax records are not compared as a whole", .timeLimit(.minutes(1)))
    func longKeys() throws {
        // Comparing whole keys with this many combining marks would take several minutes.
        let key = "GNU.sparse.e" + String(repeating: "\u{301}\u{327}", count: 60_000)
        for type: Character in ["x", "g"] {
            var tar = TarBuilder()
            tar.addRecords([String(key.dropFirst(11)): "1"], type: type)
            tar.add("a")
            #expect(try Contents(Array(tar.finished().readableBytesView)).entries.map(\.kind) == [.file])
        }
        var tar = TarBuilder()
        tar.addRecords([key: "1"])
        tar.add("a")
        #expect(try Contents(Array(tar.finished().readableBytesView)).entries.map(\.kind) != [.file])
    }

    @Test("an archive that ends early, or has bytes after its end, is refused")
    func ends() throws {
        let whole = Array(Self.sample().finished().readableBytesView)
        for length in stride(from: 0, through: whole.count - 1024, by: 97) {
            #expect(throws: TarError.self, "\(length)") { try Contents(Array(whole.prefix(length))) }
        }
        _ = try Contents(whole + [UInt8](repeating: 0, count: 10_240))
        #expect(throws: TarError.self) { try Contents(whole + [1]) }
        var long = TarBuilder()
        long.add("pax", type: "x", size: "00001000001\0")
        #expect(throws: TarError.self) { try Contents(Array(long.finished().readableBytesView)) }
        #expect {
            try Contents(Array("PK".utf8) + whole)
        } throws: {
            ($0 as? TarError)?.message == "The body is not a tar archive."
        }
    }

    @Test(
        "a global header that would change each entry is refused",
        arguments: [
            "path", "linkpath", "size", "PONTOON.labels", "PONTOON.checksum", "GNU.sparse.major", "GNU.sparse.name",
            "SCHILY.realsize",
        ]
    )
    func global(key: String) throws {
        var tar = TarBuilder()
        tar.addRecords(["comment": "c", key: "1"], type: "g")
        tar.add("a")
        #expect {
            try Contents(Array(tar.finished().readableBytesView))
        } throws: {
            ($0 as? TarError)?.message.hasPrefix("A global pax header contains") == true
        }
    }

    @Test("an empty path in a pax header is ignored, even after a header with another path")
    func emptyPath() throws {
        var tar = TarBuilder()
        tar.addRecords(["path": "b"])
        tar.addRecords(["path": ""])
        tar.add("a")
        let entries = try Contents(Array(tar.finished().readableBytesView)).entries
        #expect(entries.map(\.displayPath) == ["a"])
    }

    @Test("only headers, padding and ignored entries count as overhead")
    func overhead() throws {
        var tar = TarBuilder()
        tar.add("a", [UInt8](repeating: 1, count: 1000))
        tar.add("folder", type: "5")
        tar.addRecords(["path": "b"])
        tar.add("x", [1, 2], type: "M")
        var reader = TarReader()
        reader.append(ByteBuffer(bytes: tar.bytes))
        while try reader.next() != nil {}
        #expect(reader.overhead == Int64(tar.bytes.count) - 1000)
    }

    @Test("entries of other types are skipped together with their content")
    func skipped() throws {
        var tar = TarBuilder()
        var sparse = TarBuilder()
        sparse.add("sparse", type: "S", size: "00000000001\0")
        // This byte announces a further block of holes. It is included in the header's checksum.
        var block = sparse.bytes
        block[482] = 1
        block.replaceSubrange(148..<156, with: Array("        ".utf8))
        let sum = block.reduce(0) { $0 + Int($1) }
        let digits = String(sum, radix: 8)
        block.replaceSubrange(
            148..<156,
            with: Array((String(repeating: "0", count: 7 - digits.count) + digits + "\0").utf8)
        )
        tar.add(raw: block + [UInt8](repeating: 0, count: 512) + [1] + [UInt8](repeating: 0, count: 511))
        tar.addRecords(["GNU.sparse.major": "1", "GNU.sparse.name": "real"])
        tar.add("GNUSparseFile.1/real", [1, 2, 3])
        tar.add("M", [1], type: "M")
        tar.add("volume", type: "V")
        for type in "123467" { tar.add("type \(type)", type == "7" ? [9] : [], type: type) }
        let contents = try Contents(Array(tar.finished().readableBytesView))
        #expect(
            contents.entries.map(\.displayPath)
                == ["sparse", "real", "M", "type 1", "type 2", "type 3", "type 4", "type 6", "type 7"]
        )
        #expect(contents.files == [[9]])
    }

    @Test("a damaged archive neither crashes the reader nor depends on the size of the pieces")
    func fuzz() {
        let sample = Self.sample().bytes
        // Damages each 512-byte block separately, so that most changes hit a header. Only UTF-8 text can be damaged.
        let blocks = stride(from: 0, to: sample.count, by: 512).map {
            String(decoding: sample[$0..<min($0 + 512, sample.count)], as: UTF8.self)
        }
        Fuzzing.run(blocks + [blocks.joined()]) { bytes in
            var results: [Contents?] = []
            for piece in [Int.max, 100] {
                for repaired in [bytes, Self.repaired(bytes)] { results.append(try? Contents(repaired, piece: piece)) }
            }
            #expect(results[0] == results[2] && results[1] == results[3], "\(bytes)")
        }
    }

    /// Returns the bytes with a valid checksum in the first header, so that its other fields are read, and with the
    /// blocks that end an archive.
    ///
    /// Fewer than 512 bytes are returned unchanged.
    private static func repaired(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count >= 512 else { return bytes }
        var bytes = bytes
        bytes.replaceSubrange(148..<156, with: Array("        ".utf8))
        let sum = String(bytes[..<512].reduce(0) { $0 + Int($1) }, radix: 8)
        let text = String(repeating: "0", count: 6 - sum.count) + sum + "\0 "
        bytes.replaceSubrange(148..<156, with: Array(text.utf8))
        return bytes + [UInt8](repeating: 0, count: 1024 + (512 - bytes.count % 512) % 512)
    }

    @Test(
        "a path is relative, stays inside the destination and has valid names",
        arguments: [
            ("a/b", ["a", "b"]), ("./a//b", ["a", "b"]), ("a/./b", ["a", "b"]), ("é", ["é"]), ("/a", nil),
            ("../a", nil),
            ("a/../b", nil), ("a/..", nil), ("__x/a", nil), ("a/__x", ["a", "__x"]), ("a\nb", nil), (".", nil),
            ("", nil),
            (String(repeating: "n", count: 256), nil),
            (String(repeating: "a/", count: 63) + "a", Array(repeating: "a", count: 64)),
            (String(repeating: "a/", count: 64) + "a", nil), (String(repeating: "n/", count: 2048) + "a", nil),
        ] as [(String, [String]?)]
    )
    func paths(text: String, names: [String]?) throws {
        var tar = TarBuilder()
        tar.addRecords(["path": text.isEmpty ? "." : text])
        tar.add("x")
        let entry = try #require(try Contents(Array(tar.finished().readableBytesView)).entries.first)
        #expect((try? ArchivePath(entry))?.names == names)
    }

    @Test("an invalid path is shown up to a character boundary, and a valid one is shown in full")
    func longPaths() throws {
        let whole = Array(repeating: String(repeating: "n", count: 200), count: 20).joined(separator: "/")
        let paths: [String] = [
            "a\n" + String(repeating: "é", count: 200), "/a" + String(repeating: "🧬", count: 200),
            String(repeating: "\u{1}", count: 5000), String(repeating: "a", count: 255) + "\n", whole,
        ]
        var tar = TarBuilder()
        for path in paths {
            tar.addRecords(["path": path])
            tar.add("x")
        }
        // UTF-8 continuation bytes without a leading byte.
        tar.add("././@LongLink", [UInt8](repeating: 0x80, count: 300), type: "L")
        tar.add("x")
        let entries = try Contents(Array(tar.finished().readableBytesView)).entries
        let expected: [String] = [
            "a\n" + String(repeating: "é", count: 126), "/a" + String(repeating: "🧬", count: 63),
            String(repeating: "\u{1}", count: 255), String(repeating: "a", count: 255), whole,
            String(repeating: "\u{FFFD}", count: 255),
        ]
        #expect(entries.map(\.displayPath) == expected)
    }

    @Test("a path that is not UTF-8 is refused, and shown with replacement characters")
    func notUTF8() throws {
        var tar = TarBuilder()
        tar.add("././@LongLink", [0x61, 0xFF, 0], type: "L")
        tar.add("x")
        let entry = try #require(try Contents(Array(tar.finished().readableBytesView)).entries.first)
        #expect(entry.displayPath == "a\u{FFFD}")
        #expect(throws: PontoonError.self) { try ArchivePath(entry) }
    }
}
