import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// `pontoon upload` without faults.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct UploadTests {
    private static let partSize = 5 << 20

    @Test("files of every length are uploaded and verified")
    func sizes() async throws {
        let p = Self.partSize
        try await withPontoon { server, user in
            let sizes = [0, 1, p - 1, p, p + 1, 2 * p, 2 * p + 1, 5 * p + 3]
            for size in sizes { try user.makeFile("sizes/f\(size)", size: size, seed: UInt64(size)) }
            let run = try await user.upload("--part-size", "5M", user.folder.appending("sizes").string)
            #expect(run.code == 0, "\(run)")
            #expect(run.all("uploaded").count == sizes.count)
            #expect(run.all("uploaded").allSatisfy { $0.text("verified_by") == "file" })
            for size in sizes {
                let content = try await server.api.content("f\(size)")
                #expect(content == testBytes(seed: UInt64(size), count: size), "\(size)")
                let parts = run.all("started").first { $0.text("name") == "f\(size)" }?.number("parts")
                #expect(parts == Int64(max(1, (size + p - 1) / p)))
            }
        }
    }

    @Test("names are uploaded unchanged")
    func names() async throws {
        try await withPontoon { server, user in
            let names = [
                "a b", "a+b", "100%", "#1", "q'u\"o", "ä\u{308}ß€😀", "-dash",
                "semi;colon&x=y?", "ｆｕｌｌ", "~", "a\\b",
            ]
            for name in names { try user.makeFile("names/\(name)", size: 10 + name.utf8.count) }
            let run = try await user.upload(user.folder.appending("names").string)
            #expect(run.code == 0, "\(run)")
            for name in names {
                #expect(try await server.api.content(name).readableBytes == 10 + name.utf8.count)
            }
        }
    }

    @Test("--keep-tree recreates folders, and a second run sends no files")
    func tree() async throws {
        try await withPontoon { server, user in
            try user.makeFile("data/a.txt", size: 3)
            try user.makeFile("data/sub/b.txt", size: 4)
            try user.makeFile("data/sub/deep/a.txt", size: 5)
            let arguments = [
                "upload", "--json", "--project", "admin/uploads", "--keep-tree", user.folder.appending("data").string,
            ]
            let first = try await user.run(arguments)
            #expect(first.code == 0, "\(first)")
            let data = try await server.api.fileID("data")
            let sub = try await server.api.fileID("sub", parent: data)
            let deep = try await server.api.fileID("deep", parent: sub)
            #expect(try await server.api.content("a.txt", parent: data).readableBytes == 3)
            #expect(try await server.api.content("a.txt", parent: deep).readableBytes == 5)

            try user.makeFile("data/sub/new", size: 6)
            let second = try await user.run(arguments)
            #expect(second.code == 0, "\(second)")
            #expect(second.all("already_there").count == 3)
            #expect(second.all("uploaded").compactMap { $0.text("name") } == ["data/sub/new"])
        }
    }

    @Test("names that look alike but differ remain separate files and folders")
    func alike() async throws {
        try await withPontoon { server, user in
            for (index, letter) in ["\u{e9}", "e\u{301}"].enumerated() {
                try user.makeFile("data/\(letter)/f", size: index + 1)
                try user.makeFile("data/\(letter).txt", size: index + 3)
            }
            let arguments = ["--keep-tree", user.folder.appending("data").string]
            let run = try await user.run(["upload", "--json", "--project", "admin/uploads"] + arguments)
            #expect(run.code == 0 && run.all("uploaded").count == 4, "\(run)")
            let list = try await user.run(["ls", "--json", "-r", "admin/uploads/data"])
            let files = list.all("file").filter { $0.text("type") == "file" }
            #expect(files.compactMap { $0.number("size") }.sorted() == [1, 2, 3, 4], "\(list)")
            let names = Set(files.compactMap { $0.text("name").map { Array($0.utf8) } })
            #expect(names.count == 4)
            let again = try await user.run(["upload", "--json", "--project", "admin/uploads"] + arguments)
            #expect(again.code == 0 && again.all("already_there").count == 4, "\(again)")
        }
    }

    @Test("without --keep-tree, two files with the same name are refused before any byte is sent")
    func clash() async throws {
        try await withPontoon { server, user in
            try user.makeFile("data/a.txt", size: 3)
            try user.makeFile("data/sub/a.txt", size: 4)
            let run = try await user.upload(user.folder.appending("data").string)
            #expect(run.code == 64)
            #expect(run.all("error").first?.text("message")?.contains("--keep-tree") == true, "\(run)")
            #expect(run.all("started").isEmpty)
        }
    }

    @Test("if a different file has the name, upload exits with 5 unless --overwrite or --skip-existing is given")
    func taken() async throws {
        try await withPontoon { server, user in
            _ = try await server.api.upload("f", ByteBuffer(string: "old"))
            let path = try user.makeFile("f", size: 100).string
            let refused = try await user.upload(path)
            #expect(refused.code == 5, "\(refused)")
            #expect(refused.all("failed").first?.text("message")?.contains("--overwrite") == true)
            let skipped = try await user.upload("--skip-existing", path)
            #expect(skipped.code == 0 && skipped.all("skipped").count == 1, "\(skipped)")
            #expect(try await server.api.content("f") == ByteBuffer(string: "old"))
            let replaced = try await user.upload("--overwrite", path)
            #expect(replaced.code == 0 && replaced.all("uploaded").count == 1, "\(replaced)")
            #expect(try await server.api.content("f").readableBytes == 100)
        }
    }

    @Test("uploading a file that already exists with the same bytes succeeds, even without a journal")
    func same() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 100, seed: 3).string
            _ = try await server.api.upload("f", testBytes(seed: 3, count: 100))
            let run = try await user.upload("--no-resume", path)
            #expect(run.code == 0 && run.all("already_there").count == 1, "\(run)")
        }
    }

    @Test("tags and metadata come from options and a manifest")
    func labels() async throws {
        try await withPontoon { server, user in
            try user.makeFile("data/a.bam", size: 3)
            try user.makeFile("data/b.bam", size: 4)
            let manifest = user.folder.appending("data/manifest.csv")
            try Data(
                "File name,sample_id,note,tags\na.bam,s1,\"says \"\"hi\"\", loudly\",x|y\nmore/c.bam,s3,,\n".utf8
            ).write(to: URL(filePath: manifest.string))
            try user.makeFile("data/more/c.bam", size: 5)
            let run = try await user.upload(
                "--manifest",
                manifest.string,
                "--tag",
                "all",
                "--meta",
                "study=7",
                "--meta",
                "sample_id=none",
                "--include",
                "*.bam",
                "--exclude",
                "more",
                "--no-mtime",
                user.folder.appending("data").string
            )
            #expect(run.code == 0, "\(run)")
            let a = try await server.api.call(.GET, "/files/\(try await server.api.fileID("a.bam"))")
            #expect(a["tags"] == ["all", "x", "y"])
            #expect(a["metadata"] == ["sample_id": "s1", "note": "says \"hi\", loudly", "study": "7"])
            let b = try await server.api.call(.GET, "/files/\(try await server.api.fileID("b.bam"))")
            #expect(b["metadata"] == ["sample_id": "none", "study": "7"])
            let c = try await server.api.call(.GET, "/files/\(try await server.api.fileID("c.bam"))")
            #expect(c["metadata"] == ["sample_id": "s3", "study": "7"])
            // Another run sends no bytes, but sets labels that have changed.
            let path = user.path("data/a.bam")
            for _ in 0..<2 {
                let again = try await user.upload("--no-mtime", "--tag", "new", "--meta", "study=8", path)
                #expect(again.code == 0 && again.parts.isEmpty, "\(again)")
            }
            let changed = try await server.api.call(.GET, "/files/\(try await server.api.fileID("a.bam"))")
            #expect(changed["tags"] == ["new"])
            #expect(changed["metadata"] == ["sample_id": "s1", "note": "says \"hi\", loudly", "study": "8"])
        }
    }

    @Test("labels are sent with the file if the server has the extension, otherwise after the upload")
    func labelsFirst() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 3).string
            let failure = "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            let faults: [FaultInjectionProxy.Fault] = [
                .respond { $0.hasPrefix("PATCH ") ? failure : nil },
                .replaceWord("\"upload_labels\"", with: "\"upload_labelz\""),
            ]
            for (number, fault) in faults.enumerated() {
                let run = try await FaultInjectionProxy.with(server, fault: { _ in fault }) { proxy in
                    var user = user
                    user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                    let labels = ["--name", "f\(number)", "--tag", "t", "--meta", "sample=ä", "--no-mtime"]
                    return try await user.run(["upload", "--json", "--project", "admin/uploads", path] + labels)
                }
                #expect(run.code == 0, "\(run)")
                let file = try await server.api.call(.GET, "/files/\(try await server.api.fileID("f\(number)"))")
                #expect(file["tags"] == ["t"] && file["metadata"] == ["sample": "ä"], "\(run)")
            }
        }
    }
}
