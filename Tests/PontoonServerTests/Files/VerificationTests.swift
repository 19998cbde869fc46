import Foundation
import NIOHTTP1
import PontoonApp
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Verification of stored files, on request and by the scrub.
@Suite(.timeLimit(.minutes(10)))
struct VerificationTests {
    @Test("a file's details show when it was verified, and whether a verification is pending")
    func states() async throws {
        try await withTestServer { server in
            let file = try await server.api.uploadSmall("a.txt", "0123456789")
            let new = try await server.api.call(.GET, "/files/\(file)")
            #expect(try checksums(new).keys.sorted() == ["crc64nvme"])

            let accepted = try await server.api.call(.POST, "/files/\(file)/actions/verify")
            #expect(accepted.status == 202)
            #expect(try checksums(accepted)["verification_requested_on"] != nil)
            #expect(try checksums(accepted)["state"] == nil)

            try await server.app.scrub.runRequested { _ in }
            let verified = try await server.api.call(.GET, "/files/\(file)")
            #expect(try checksums(verified)["state"] == "verified")
            #expect(try checksums(verified)["verified_on"] != nil)
            #expect(try checksums(verified)["verification_requested_on"] == nil)
        }
    }

    @Test("a damaged file is not sent until its bytes are correct again")
    func damage() async throws {
        try await withTestServer(.live) { server in
            let file = try await server.api.uploadSmall("a.txt", "0123456789")
            let url = try await server.api.call(.GET, "/files/\(file)/download_info").text("url")
            let path = try #require(try objectPaths(of: server).first)
            for (bytes, state, status) in [("012345678X", "damaged", 410), ("0123456789", "verified", 200)] {
                try Data(bytes.utf8).write(to: URL(filePath: path))
                _ = try await server.api.call(.POST, "/files/\(file)/actions/verify")
                try await server.app.scrub.runRequested { _ in }
                #expect(try checksums(try await server.api.call(.GET, "/files/\(file)"))["state"] == .string(state))
                let info = try await server.api.call(.GET, "/files/\(file)/download_info")
                let download = try await server.api.send(.GET, url)
                #expect(info.status == status)
                #expect(download.status == status)
                if status == 410 {
                    server.expectRefusal(info, 410, 5002)
                    server.expectRefusal(download, 410, 5002)
                }
            }
        }
    }

    @Test("folders, unknown files and strangers' files cannot be verified")
    func refusals() async throws {
        try await withTestServer { server in
            let file = try await server.api.uploadSmall("a.txt", "abc")
            let stranger = try await server.addUser("eve")
            server.expectRefusal(try await stranger.call(.POST, "/files/\(file)/actions/verify"), 404, 5002)
            let unknown = "/files/0123456789abcdef01234567/actions/verify"
            server.expectRefusal(try await server.api.call(.POST, unknown), 404, 5002)
            let parent = try await server.api.call(.GET, "/files/\(file)").text("parent")
            server.expectRefusal(try await server.api.call(.POST, "/files/\(parent)/actions/verify"), 400, 5017)
            try await server.addMember("eve", of: "admin/uploads", rights: ["read"])
            server.expectRefusal(try await stranger.call(.POST, "/files/\(file)/actions/verify"), 403, 5001)
        }
    }

    @Test("the periodic scrub checks files that are due")
    func periodic() async throws {
        let clock = TestClock()
        try await withTestServer(arguments: ["--scrub-interval", "1h", "--scrub-rate", "0"], clock: clock) { server in
            let file = try await server.api.uploadSmall("a.txt", "abc")
            for (passed, expected) in [(0, 0), (3601, 1), (0, 0)] {
                clock.advance(by: .seconds(passed))
                let totals = try await server.app.scrub.runPeriodic { _ in }
                #expect(totals?.objects == expected)
            }
            #expect(try checksums(try await server.api.call(.GET, "/files/\(file)"))["state"] == "verified")
        }
        try await withTestServer(arguments: ["--scrub-interval", "off"]) { server in
            let totals = try await server.app.scrub.runPeriodic { _ in }
            #expect(totals == nil)
        }
    }

    private func checksums(_ response: APIResponse) throws -> [String: JSONValue] {
        guard case .object(let sums) = response["checksums"] else {
            throw UnexpectedResponse(description: "no checksums")
        }
        return sums
    }

    private func objectPaths(of server: TestServer) throws -> [String] {
        let files = server.data.appending("objects/files").string
        return try FileManager.default.subpathsOfDirectory(atPath: files).filter { $0.utf8.count > 32 }
            .map { files + "/" + $0 }
    }
}
