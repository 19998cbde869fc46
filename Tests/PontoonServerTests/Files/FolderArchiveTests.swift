import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Downloads of folders as archives.
@Suite(.timeLimit(.minutes(10)))
struct FolderArchiveTests {
    /// Paths that exercise every way in which the formats store names, with the sizes of the files.
    private static let files: [(path: String, size: Int)] = [
        ("a.txt", 3), ("a b.txt", 0), ("ä/\u{1F600}", 511), ("ä/e\u{301}", 512), ("ä/é", 513), ("-rf", 1),
        ("deep/" + (0..<20).map { "folder \($0)" }.joined(separator: "/") + "/file", 70_000),
        (String(repeating: "n", count: 255), 65_536), ("long.bin", 3_000_000), ("x=y;z&'\"$(id)", 65_537), ("CON", 2),
        ("~", 4), ("*", 5), ("emoji/\u{1F9D1}\u{200D}\u{1F52C}.fastq.gz", 1000), ("zz/last", 10),
    ]

    /// Creates a folder that contains the files and an empty folder.
    ///
    /// - Returns: The id of the folder.
    private static func makeTree(_ api: APIClient, named name: String = "run ü") async throws -> String {
        let folder = try await api.makeFolder(name)
        var tar = TarBuilder()
        for (index, file) in files.enumerated() {
            tar.addRecords(["path": file.path])
            tar.add("f", Array(content(index).readableBytesView))
        }
        tar.add("empty/", type: "5")
        let response = try await api.putArchive(tar.finished(), to: "parent=\(folder)")
        try #require(response.summary?["summary"]?["failed"] == 0, "\(response.response.bodyText)")
        return folder
    }

    private static func content(_ index: Int) -> ByteBuffer {
        pseudoRandomBytes(seed: UInt64(index + 1), count: files[index].size)
    }

    /// Runs a shell script in a folder.
    ///
    /// The script reads the URL from the variable `URL`.
    private static func run(_ script: String, in folder: FilePath, url: String) async throws {
        let variables = ["URL": url, "PYTHON": TestTools.python.string, "LC_ALL": "C.UTF-8"]
        try await runProgram("/bin/bash", ["-euo", "pipefail", "-c", script], in: folder, variables: variables)
    }

    @Test(
        "programs extract exactly the files and folders",
        arguments: [
            ("tar", "curl -sSf \"$URL\" | tar -x"),
            ("tar", "curl -sSfOJ \"$URL\"; tar -xf *.tar; rm *.tar"),
            (
                "tar",
                """
                curl -sSf "$URL" | "$PYTHON" -c 'import sys, tarfile
                tarfile.open(fileobj=sys.stdin.buffer, mode="r|", errorlevel=2).extractall(filter="data")'
                """
            ),
            ("zip", "curl -sSf -o a.zip \"$URL\"; unzip -q a.zip; rm a.zip"),
            (
                "zip",
                """
                curl -sSf -o a.zip "$URL"
                "$PYTHON" -c 'import zipfile
                with zipfile.ZipFile("a.zip") as z:
                    assert z.testzip() is None
                    z.extractall()'
                rm a.zip
                """
            ),
        ]
    )
    func extraction(format: String, script: String) async throws {
        try await withEnduringServer { server in
            let folder = try await Self.makeTree(server.api)
            let url = try await server.api.archiveInfo(folder, format: format).text("url")
            try await withTemporaryFolder { directory in
                try await Self.run(script, in: directory, url: url)
                for (index, file) in Self.files.enumerated() {
                    let path = directory.appending("run ü/\(file.path)")
                    let data = try Data(contentsOf: URL(filePath: path.string))
                    #expect(data == Data(Self.content(index).readableBytesView), "\(file.path)")
                }
                #expect(try FileManager.default.contentsOfDirectory(atPath: directory.string) == ["run ü"])
                let root = directory.appending("run ü").string
                let all = try FileManager.default.subpathsOfDirectory(atPath: root)
                let found = all.filter { path in
                    var isFolder: ObjCBool = false
                    return FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isFolder)
                        && !isFolder.boolValue
                }
                #expect(found.count == Self.files.count && all.contains("empty"))
                let time = try FileManager.default.attributesOfItem(atPath: "\(root)/a.txt")[.modificationDate] as? Date
                #expect(abs(try #require(time).timeIntervalSinceNow) < 600)
            }
        }
    }

    @Test("a folder archive can be stored with an archive put, and a project's root folder is named like the project")
    func roundTrip() async throws {
        try await withTestServer(.live) { server in
            _ = try await Self.makeTree(server.api)
            let root = try await server.api.archiveInfo(try await server.api.root())
            #expect(root["name"] == "uploads.tar" && root["format"] == "tar")
            let folders: Set<String> = Self.files.reduce(into: []) { folders, file in
                var path = file.path.split(separator: "/").dropLast()
                while !path.isEmpty {
                    folders.insert(path.joined(separator: "/"))
                    path = path.dropLast()
                }
            }
            // The three other entries are the project's root folder, the tree's folder and the empty folder.
            #expect(root["entries"]?.integer == Int64(Self.files.count + folders.count + 3))
            let archive = try await server.api.send(.GET, root.text("url")).body
            let project = try await server.api.createProject("Copy")
            let response = try await server.api.putArchive(archive, to: "project=\(project)")
            #expect(response.summary?["summary"]?["failed"] == 0, "\(response.response.bodyText)")
            #expect(response.summary?["summary"]?["files"]?.integer == Int64(Self.files.count))
            let copy = try #require(response["uploads/run ü/long.bin"]?["id"]?.scalarText)
            #expect(try await server.api.download(copy).readableBytes == 3_000_000)
        }
    }

    @Test("every range of a tar archive contains the same bytes as the whole archive")
    func ranges() async throws {
        try await withEnduringServer { server in
            let info = try await server.api.archiveInfo(try await Self.makeTree(server.api))
            let url = try info.text("url")
            let whole = try await server.api.send(.GET, url)
            let size = whole.body.readableBytes
            #expect(info["size"] == .integer(Int64(size)) && whole.headers["Content-Length"] == ["\(size)"])
            #expect(whole.headers["Accept-Ranges"] == ["bytes"])
            #expect(whole.headers["Content-Type"] == ["application/x-tar"])
            #expect(whole.headers["X-Content-Type-Options"] == ["nosniff"])
            #expect(whole.headers.first(name: "Content-Disposition")?.hasPrefix("attachment;") == true)
            var generator = SeededGenerator(seed: 31)
            let random = (0..<60).map { _ in
                let start = Int.random(in: 0..<size, using: &generator)
                return start..<Int.random(in: (start + 1)...size, using: &generator)
            }
            let edges = [0..<1, 0..<512, 511..<513, 512..<1536, size - 1024..<size, size - 1..<size]
            for range in random + edges {
                let header = "bytes=\(range.lowerBound)-\(range.upperBound - 1)"
                let response = try await server.api.send(.GET, url, headers: ["Range": header])
                #expect(response.status == 206, "\(range)")
                #expect(response.body == whole.body.getSlice(at: range.lowerBound, length: range.count), "\(range)")
            }
            let etag = try #require(whole.headers.first(name: "ETag"))
            let rows: [(HTTPHeaders, Int)] = [
                (["Range": "bytes=\(size)-"], 416), (["If-None-Match": etag], 304), (["If-Match": "\"x\""], 412),
                (["Range": "bytes=1-2", "If-Range": etag], 206), (["Range": "bytes=1-2", "If-Range": "\"x\""], 200),
                (["Range": "bytes=1-2", "If-Range": "Tue, 01 Jan 2041 00:00:00 GMT"], 200),
                (["If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"], 200),
            ]
            for (headers, status) in rows {
                #expect(try await server.api.send(.GET, url, headers: headers).status == status, "\(headers)")
                let head = try await server.api.send(.HEAD, url, headers: headers)
                #expect(head.status == status && head.body.readableBytes == 0, "\(headers)")
            }
        }
    }

    @Test("curl resumes a tar archive")
    func resumption() async throws {
        try await withTestServer(.live) { server in
            let url = try await server.api.archiveInfo(try await Self.makeTree(server.api)).text("url")
            let whole = try await server.api.send(.GET, url).body
            try await withTemporaryFolder { folder in
                for length in [1, 512, 100_000, 2_000_000] {
                    let path = URL(filePath: folder.appending("a.tar").string)
                    try Data(whole.readableBytesView).prefix(length).write(to: path)
                    try await Self.run("curl -sSf -C - -o a.tar \"$URL\"", in: folder, url: url)
                    let data = try Data(contentsOf: URL(filePath: folder.appending("a.tar").string))
                    #expect(data == Data(whole.readableBytesView), "\(length)")
                }
            }
        }
    }

    @Test("a zip archive has a length and no ranges")
    func zip() async throws {
        try await withTestServer(.live) { server in
            let info = try await server.api.archiveInfo(try await Self.makeTree(server.api), format: "zip")
            let url = try info.text("url")
            #expect(info["name"] == "run ü.zip")
            let whole = try await server.api.send(.GET, url, headers: ["Range": "bytes=5-9"])
            #expect(whole.status == 200 && whole.headers["Accept-Ranges"] == ["none"])
            #expect(info["size"] == .integer(Int64(whole.body.readableBytes)))
            #expect(whole.headers["Content-Type"] == ["application/zip"])
        }
    }

    @Test("a URL is valid for one method, folder, format and user, until it expires")
    func signatures() async throws {
        let clock = TestClock()
        try await withTestServer(arguments: ["--url-lifetime", "1h"], clock: clock) { server in
            let folder = try await server.api.makeFolder("run")
            let url = try await server.api.archiveInfo(folder).text("url")
            let other = try await server.api.makeFolder("other")
            for wrong in [
                url.replacing("/tar?", with: "/zip?"), url.replacing("/admin/", with: "/other/"),
                url.replacing(folder, with: other), url.replacing("signature=", with: "signature=0"),
                String(url.prefix { $0 != "?" }),
            ] {
                server.expectRefusal(try await server.api.send(.GET, wrong), 403, 90002, "\(wrong)")
            }
            server.expectRefusal(try await server.api.send(.DELETE, url), 403, 90002, "DELETE")
            clock.advance(by: .seconds(3700))
            server.expectRefusal(try await server.api.send(.GET, url), 403, 90002, "expired")
        }
    }

    @Test("invalid requests, and callers without the permission to copy, are refused")
    func refusals() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let reader = try await server.addUser("reader")
            try await server.addMember("reader", of: "admin/uploads", rights: ["read"])
            let stranger = try await server.addUser("stranger")
            let folder = try await server.api.makeFolder("run")
            let file = try await server.api.uploadSmall("a")
            let path = "/files/\(folder)/archive_info"
            server.expectRefusal(try await reader.call(.GET, path), 403, 5001, "no permission to copy")
            server.expectRefusal(try await stranger.call(.GET, path), 404, 5002, "no permission to read")
            server.expectRefusal(try await server.api.call(.GET, path + "?format=rar"), 400, 90000, "format")
            server.expectRefusal(try await server.api.call(.GET, "/files/\(file)/archive_info"), 400, 5022, "file")
            server.expectRefusal(try await server.api.call(.GET, "/files/none/archive_info"), 404, 5002, "none")
        }
    }

    @Test("names that programs could mistake for paths are kept in a tar archive, but a zip archive is refused")
    func hostileNames() async throws {
        try await withTestServer { server in
            let folder = try await server.api.makeFolder("run")
            _ = try await server.api.putFile(
                #"..\..\evil"#,
                ByteBuffer(string: "abc"),
                to: "parent=\(folder)"
            )
            let path = "/files/\(folder)/archive_info?format=zip"
            server.expectRefusal(try await server.api.call(.GET, path), 400, 90000, "zip")
            let tar = try await server.api.send(.GET, try await server.api.archiveInfo(folder).text("url"))
            #expect(String(decoding: tar.body.readableBytesView, as: UTF8.self).contains(#"run/..\..\evil"#))
        }
    }

    @Test("the entries of many pages are in order, and a range can begin in any of them")
    func pages() async throws {
        try await withTestServer(.live) { server in
            let folder = try await server.api.makeFolder("run")
            _ = try await server.api.addManyFiles(to: folder)
            let url = try await server.api.archiveInfo(folder).text("url")
            let whole = try await server.api.send(.GET, url).body
            var (reader, paths) = (TarReader(), [String]())
            reader.append(whole)
            while let event = try reader.next() {
                if case .entry(let entry) = event { paths.append(entry.displayPath) }
            }
            try reader.finish()
            let names = (0..<1500).map { "run/x/\($0)" }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            #expect(paths == ["run", "run/x"] + names)
            for start in stride(from: 0, to: whole.readableBytes, by: 123_457) {
                let response = try await server.api.send(.GET, url, headers: ["Range": "bytes=\(start)-"])
                let expected = whole.getSlice(at: start, length: whole.readableBytes - start)
                #expect(response.status == 206 && response.body == expected, "\(start)")
            }
        }
    }
}
