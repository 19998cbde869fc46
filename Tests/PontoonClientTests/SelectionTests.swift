import Foundation
import SystemPackage
import Testing

@testable import PontoonClient

struct SelectionTests {
    /// Runs `body` with a folder that contains some files.
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
        try withFiles(["a.bam", "a.txt", "tmp/b.bam", "sub/c.bam"]) { folder in
            var selection = FileSelection()
            selection.include = ["*.bam"]
            selection.exclude = ["tmp"]
            selection.paths = [folder.appending("data").string, folder.appending("data/a.txt").string]
            try expect(selection, \.name, ["a.bam", "c.bam", "a.txt"])
            selection.paths = [folder.appending("data/*.txt").string]
            try expect(selection, \.name, ["a.txt"])
            selection.paths = [folder.appending("data/*.none").string]
            #expect(throws: ClientError.self) { try selection.resolve() }
            selection.paths = [folder.appending("missing").string]
            #expect(throws: ClientError.self) { try selection.resolve() }
        }
    }

    @Test("similar names, links to folders and broken links cause warnings")
    func warnings() throws {
        try withFiles(["e\u{301}", "\u{e9}", "sub/x"]) { folder in
            let data = folder.appending("data")
            try FileManager.default.createSymbolicLink(
                atPath: data.appending("loop").string,
                withDestinationPath: data.string
            )
            try FileManager.default.createSymbolicLink(
                atPath: data.appending("dangling").string,
                withDestinationPath: "/nowhere"
            )
            var selection = FileSelection()
            selection.paths = [data.string]
            let found = try selection.resolve()
            #expect(found.items.count == 3)
            #expect(found.warnings.count == 3, "\(found.warnings)")
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
