import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// The commands in docs/pipes.md, docs/sync.md and docs/checksums.md.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct ClientPageTests {
    @Test("the commands of docs/pipes.md upload and download through pipes")
    func pipes() async throws {
        try await withPontoon { server, user in
            try user.makeFile("reads/a.fastq", size: 1000)
            let output = try await run("pipes.md", server, user)
            #expect(output.contains("reads/a.fastq"), "\(output)")
            #expect(try await server.api.content("reads.tar.gz") == user.bytes("copy.tar.gz"))
            #expect(try user.bytes("uploads/reads.tar.gz") == user.bytes("copy.tar.gz"))
            _ = try await server.api.fileID("reads.tar")
        }
    }

    @Test("the commands of docs/sync.md synchronize folders in both directions")
    func sync() async throws {
        try await withPontoon { server, user in
            for name in ["a.bam", "logs/x.log", "old.bam"] { try user.makeFile("reads/\(name)", size: 1000) }
            let output = try await run("sync.md", server, user)
            #expect(output.contains("old.bam: would be deleted"), "\(output)")
            #expect(output.contains("old.bam: deleted"), "\(output)")
            #expect(try user.bytes("copy/a.bam") == user.bytes("reads/a.bam"))
        }
    }

    @Test("the commands of docs/checksums.md write and check checksum files and receipts")
    func checksums() async throws {
        try await withPontoon { server, user in
            for name in ["a.bam", "sub/b.bam"] { try user.makeFile("reads/\(name)", size: 1000) }
            let output = try await run("checksums.md", server, user)
            #expect(output.components(separatedBy: "2 of 2 files match 'reads.md5'.").count == 3, "\(output)")
            #expect(output.contains("2 of 2 files match the receipt."), "\(output)")
        }
    }

    /// Runs the commands of a page in the user's home folder, in the admin's project instead of the page's example
    /// project.
    ///
    /// - Returns: The output.
    private func run(
        _ page: String,
        _ server: ServerProcess,
        _ user: PontoonUser
    ) async throws -> String {
        let script = try DocumentedCommandTests.commands(in: page).replacing(
            "rfranklin/my-project",
            with: "admin/uploads"
        )
        let settings = "export SB_API_ENDPOINT=\(server.endpoint) SB_AUTH_TOKEN=\(server.token)\n"
        return try await DocumentedCommandTests.runScript(settings + script, in: user.folder)
    }
}
