import Foundation
import SystemPackage
import Testing

@testable import PontoonClient

struct SelectionTests {
    /// Runs `body` with a temporary folder whose subfolder `data` contains files with these relative paths.
    private func withFiles(_ names: [String], _ body: (FilePath) throws -> Void) throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "selection-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: url) }
        for name in names {
            let file = url.appending(path: "data/\(name)")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(name.utf8).write(to: file)
        }
        try body(FilePath(url.path))
    }

    private func expect(_ selection: FileSelection, _ field: KeyPath<UploadItem, String>, _ texts: [String]) throws {
        let found = try selection.resolve().items.map { $0[keyPath: field] }
        #expect(found == texts)
    }

    @Test("folders are walked by name, and a trailing slash omits the folder's own name")
    func walking() throws {
        try withFiles(["b", "a/x", "a/y/z"]) { folder in
            var selection = FileSelection()
            selection.keepsTree = true
            selection.paths = [folder.appending("data").string]
            try expect(selection, \.remotePath, ["data/a/x", "data/a/y/z", "data/b"])
            selection.paths = [folder.appending("data").string + "/"]
            try expect(selection, \.remotePath, ["a/x", "a/y/z", "b"])
            selection.keepsTree = false
            try expect(selection, \.remotePath, ["x", "z", "b"])
        }
    }

    @Test("patterns filter files in folders, but not files given explicitly")
    func patterns() throws {
        try withFiles(["a.bam", "a.txt", "tmp/b.bam", "sub/c.bam", "logs/deep/x", "more/logs/y"]) { folder in
            var selection = FileSelection()
            selection.keepsTree = true
            selection.include = ["*.bam", "/logs/"]
            selection.exclude = ["tmp"]
            selection.paths = [folder.appending("data").string + "/", folder.appending("data/a.txt").string]
            try expect(selection, \.remotePath, ["a.bam", "logs/deep/x", "sub/c.bam", "a.txt"])
        }
    }

    @Test("patterns that matched nothing cause warnings, and one that can match nothing is refused")
    func uselessPatterns() throws {
        try withFiles(["a.bam"]) { folder in
            var selection = FileSelection()
            selection.include = ["*.bam", "*.cram"]
            selection.exclude = ["logs/"]
            selection.paths = [folder.appending("data").string]
            let warnings = try selection.resolve().warnings
            #expect(warnings.count == 2 && warnings.contains { $0.contains("--include '*.cram'") }, "\(warnings)")
            selection.exclude = ["../a.bam"]
            #expect(throws: ClientError.self) { try selection.resolve() }
        }
    }

    @Test("patterns select the files that are sent last, and empty folders are selected only on request")
    func lastFilesAndEmptyFolders() throws {
        try withFiles(["done", "sub/done", "sub/x.md5", "y"]) { folder in
            try FileManager.default.createDirectory(
                atPath: folder.appending("data/empty/inner").string,
                withIntermediateDirectories: true
            )
            var selection = FileSelection()
            selection.keepsTree = true
            selection.last = ["/done", "*.md5", "none"]
            selection.paths = [folder.appending("data").string + "/"]
            var found = try selection.resolve()
            #expect(found.items.filter(\.isLast).map(\.remotePath) == ["done", "sub/x.md5"])
            #expect(found.warnings.count == 1 && found.warnings[0].contains("--last 'none'"))
            selection.keepsEmptyFolders = true
            found = try selection.resolve()
            #expect(found.items.filter(\.isFolder).map(\.remotePath) == ["empty/inner"])
            #expect(found.items.count == 5)
            selection.include = ["y"]
            #expect(try selection.resolve().items.map(\.remotePath) == ["y"])
            selection.paths = [folder.appending("data/sub/done").string]
            (selection.include, selection.last) = ([], ["done"])
            #expect(try selection.resolve().items.map(\.isLast) == [true])
        }
    }

    @Test("a shell pattern selects files and folders as if they had been given by name")
    func shellPatterns() throws {
        try withFiles(["a.txt", "sub/x", "sub/y"]) { folder in
            var selection = FileSelection()
            selection.keepsTree = true
            selection.paths = [folder.appending("data/*").string]
            try expect(selection, \.remotePath, ["a.txt", "sub/x", "sub/y"])
            selection.paths = [folder.appending("data").string + "/*/"]
            try expect(selection, \.remotePath, ["x", "y"])
            selection.paths = [folder.appending("data/*.none").string]
            #expect(try selection.resolve().items.map(\.problem?.code) == [.notFound])
        }
    }

    @Test("listed paths keep their folders with --keep-tree, and a failed item can be listed again")
    func listed() throws {
        try withFiles(["sub/deep/x", "sub/y", "z"]) { folder in
            let data = folder.appending("data")
            let root = folder.string.dropFirst()
            let rows: [(path: String, places: [String])] = [
                ("\(data)/./sub/deep/x", ["sub/deep/x"]), ("\(folder)/./data/sub/", ["data/sub/deep/x", "data/sub/y"]),
                ("\(data)/./sub/../z", ["z"]), ("\(data)/sub/y", ["\(root)/data/sub/y"]),
                ("\(data)/.", ["sub/deep/x", "sub/y", "z"]),
            ]
            for (path, places) in rows {
                var selection = FileSelection()
                selection.keepsTree = true
                selection.listed = [FilePath(path)]
                try expect(selection, \.remotePath, places)
                selection.listed = try selection.resolve().items.map(\.listedPath)
                try expect(selection, \.remotePath, places)
                selection.keepsTree = false
                let names = places.map { $0.split(separator: "/").last.map(String.init) ?? "" }
                try expect(selection, \.remotePath, names)
            }
        }
    }

    @Test(
        "the place of a listed path has neither '.' nor '..'",
        arguments: [
            ("a/b/c", "a/b/c"), ("./a/b", "a/b"), ("/a/b", "a/b"), ("../a/b", "a/b"), ("a/../b", "b"),
            ("x/./a/b", "a/b"),
            ("/x/./a", "a"), ("x/./y/./a", "a"), (".", ""), ("a/", "a"), ("a/.", ""), ("/", ""),
        ]
    )
    func place(path: String, place: String) {
        #expect(FilePath(path).place.joined(separator: "/") == place)
    }

    @Test("the contents of a folder that could not be read can be listed again")
    func unreadFolder() {
        let item = UploadItem(source: "/data/in", name: ".", problem: ClientError(.fileUnreadable, "It failed."))
        #expect(item.listedPath == "/data/in/." && item.listedPath.place.isEmpty)
    }

    @Test("a file that is named more than once is selected once")
    func repeated() throws {
        try withFiles(["a", "sub/b"]) { folder in
            var selection = FileSelection()
            selection.paths = ["data", "data/a", "data/./sub/b"].map { "\(folder)/\($0)" }
            try expect(selection, \.remotePath, ["a", "b"])
        }
    }

    @Test("similar names and links to folders cause warnings")
    func warnings() throws {
        try withFiles(["e\u{301}", "\u{e9}", "sub/x"]) { folder in
            let data = folder.appending("data")
            try FileManager.default.createSymbolicLink(
                atPath: data.appending("loop").string,
                withDestinationPath: data.string
            )
            var selection = FileSelection()
            selection.paths = [data.string]
            let found = try selection.resolve()
            #expect(found.items.count == 3)
            #expect(found.warnings.count == 2, "\(found.warnings)")
            selection.exclude = ["loop", "\u{e9}"]
            #expect(try selection.resolve().warnings.isEmpty)
        }
    }

    @Test("a path that cannot be uploaded is an item with a problem and does not stop the others")
    func problems() throws {
        try withFiles(["good", "sub/x"]) { folder in
            let data = folder.appending("data")
            for (name, target) in [("cycle", "cycle"), ("dead", "/nowhere"), ("sub/dead", "../good/x")] {
                try FileManager.default.createSymbolicLink(
                    atPath: data.appending(name).string,
                    withDestinationPath: target
                )
            }
            // The byte 0xE9 is `é` in Latin-1.
            let latin = try #require(FilePath.Component(platformString: [0x63, CChar(bitPattern: 0xE9), 0]))
            for path in [data.appending(latin), data.appending("sub").appending(latin)] {
                let descriptor = try FileDescriptor.open(
                    path,
                    .writeOnly,
                    options: .create,
                    permissions: .ownerReadWrite
                )
                try descriptor.close()
            }
            var selection = FileSelection()
            selection.keepsTree = true
            selection.paths = [data.string + "/", folder.appending("none").string, "/dev/null"]
            let items = try selection.resolve().items
            #expect(items.filter { $0.problem == nil }.map(\.remotePath) == ["good", "sub/x"])
            let codes = Dictionary(
                items.map { ($0.source.string, $0.problem?.code) },
                uniquingKeysWith: { first, _ in first }
            )
            #expect(codes["\(data)/cycle"] == .fileUnreadable && codes["\(data)/dead"] == .fileUnreadable)
            #expect(codes["\(data)/sub/dead"] == .fileUnreadable)
            #expect(codes["\(data)/c\u{FFFD}"] == .fileUnsuitable && codes["\(data)/sub/c\u{FFFD}"] == .fileUnsuitable)
            #expect(codes["\(folder)/none"] == .notFound && codes["/dev/null"] == .fileUnsuitable)
            selection.exclude = ["cycle", "dead", "c*"]
            #expect(try selection.resolve().items.filter { $0.problem != nil }.count == 2)
        }
    }

    @Test("rows of a manifest apply to one of several hard links, and a missing file does not stop the others")
    func manifestItems() throws {
        try withFiles(["a", "sub/c"]) { folder in
            let data = folder.appending("data")
            try FileManager.default.linkItem(
                atPath: data.appending("a").string,
                toPath: data.appending("b").string
            )
            let text = "File name,sample\na,1\nb,2\nsub/c,3\n./sub/c,4\nnone,5\n"
            var selection = FileSelection()
            selection.keepsTree = true
            selection.manifest = try Manifest(text: text, folder: data, name: "m.csv")
            for paths in [[data.string + "/"], [data.appending("a").string, data.appending("b").string], []] {
                selection.paths = paths
                let items = try selection.resolve().items
                #expect(items.map(\.remotePath) == ["a", "b", "sub/c", "none"])
                #expect(items.map { $0.metadata["sample"] } == ["1", "2", "4", "5"])
                #expect(items.map(\.problem?.code) == [nil, nil, nil, .notFound])
            }
        }
    }

    @Test(
        "an invalid manifest is refused",
        arguments: [
            "name,a\nx,1\n", "File name,a,a\nx,1,2\n", "File name,a\nx,1\nx,2\n", "File name,a\n,1\n",
            "File name,a\nx,1,2\n", "",
        ]
    )
    func badManifest(text: String) {
        #expect(throws: ClientError.self) { try Manifest(text: text, folder: "/", name: "m.csv") }
    }

    @Test("a manifest is parsed as CSV")
    func manifest() throws {
        let text = "\u{FEFF}filename,Key,tags\r\n\"a,b.txt\",\"x \"\"y\"\"\nz\",one|two\r\nc,,\r\n\r\n"
        let manifest = try Manifest(text: text, folder: "/data", name: "m.csv")
        #expect(manifest.rows.map(\.file) == ["a,b.txt", "c"])
        #expect(manifest.rows[0].metadata == ["Key": "x \"y\"\nz"])
        #expect(manifest.rows[0].tags == ["one", "two"])
        #expect(manifest.rows[1].metadata.isEmpty)
    }
}

struct NameBatchTests {
    @Test("names are looked up in batches that fit on a page and into a URL")
    func batches() {
        for names in [[], ["a"], (0..<1234).map { "f\($0)" }, (0..<99).map { _ in String(repeating: "ä", count: 127) }]
        {
            let batches = DestinationFolders.batches(names)
            #expect(batches.flatMap { $0 } == names)
            #expect(batches.allSatisfy { (1...50).contains($0.count) })
            #expect(batches.allSatisfy { $0.joined(separator: "&name=").urlEncoded.utf8.count < 6000 })
        }
    }
}
