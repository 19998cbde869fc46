import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Outages of the network and the server, and the limits of retries.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct OutageTests {
    /// Returns the messages that a running client has written to standard error.
    private func messages(_ user: PontoonUser) throws -> String {
        try user.names("").filter { $0.hasPrefix("errors-") }
            .map { try String(contentsOfFile: user.path($0), encoding: .utf8) }.joined()
    }

    @Test("an outage causes one message when it begins and one when it ends, however many requests fail")
    func messages() async throws {
        try await withPontoon { server, user in
            for number in 0..<8 { try user.makeFile("data/f\(number)", size: 100) }
            let isBack = Switch()
            let run = try await FaultInjectionProxy.with(server) { _ in
                .respond { head in !isBack.isOn && head.contains("PUT /v2/files/content") ? "" : nil }
            } _: { proxy in
                var user = user
                user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                let changed = user
                return try await withThrowingTaskGroup(of: PontoonRun.self) { group in
                    group.addTask {
                        try await changed.run(["upload", "--project", "admin/uploads", changed.path("data")])
                    }
                    try await eventually("the outage is announced", within: .seconds(240)) {
                        try messages(changed).contains("Retrying until the connection is back")
                    }
                    isBack.turnOn()
                    return try #require(try await group.next())
                }
            }
            #expect(run.code == 0, "\(run)")
            let lines = run.errors.split(separator: "\n")
            #expect(lines.filter { $0.contains("Retrying") }.count == 1, "\(run)")
            #expect(lines.filter { $0.contains("The connection is back after") }.count == 1, "\(run)")
        }
    }

    @Test("a list is attempted three times, with a message, and a transfer is retried for --retry-for")
    func limits() async throws {
        try await withPontoon { _, user in
            var user = user
            user.endpoint = "http://127.0.0.1:1/v2"
            let path = try user.makeFile("f", size: 1).string
            let list = try await user.run(["ls"])
            #expect(list.code == 6, "\(list)")
            #expect(list.errors.components(separatedBy: "Retrying").count == 3, "\(list)")
            let once = try await user.run(["ls", "--retries", "1"])
            #expect(once.code == 6 && !once.errors.contains("Retrying"), "\(once)")
            // Three retries take about two seconds. The limit is longer, for busy machines.
            let transfer = try await user.upload("--retry-for", "15s", path)
            #expect(transfer.code == 6 && transfer.all("retrying").count >= 3, "\(transfer)")
            for text in ["nan", "infd", "-1s", "366d", "soon"] {
                let run = try await user.upload("--retry-for", text, path)
                #expect(run.code == 64, "\(text): \(run)")
            }
        }
    }

    @Test("a late response to the last byte of a part is awaited")
    func lateResponse() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 1000).string
            try await user.held(at: "PUT ", server) { user, valve in
                // The client waits five times the timeout for the response.
                async let late: Void = valve.releaseAfter(.seconds(8))
                let run = try await user.upload("--timeout", "5", path)
                try await late
                #expect(run.code == 0 && run.all("uploaded").first?.number("sent_bytes") == 1000, "\(run)")
            }
        }
    }

    @Test(
        "S3 errors caused by the connection, the bytes or the URL are retried, and others are not",
        arguments: [
            ("RequestTimeout", true), ("IncompleteBody", true), ("BadDigest", true), ("ExpiredToken", true),
            ("InvalidRequest", false),
        ]
    )
    func refusedParts(code: String, isRetried: Bool) async throws {
        try await withPontoon { server, user in
            // The file is too large to be sent with one call.
            let path = try user.makeFile("f", size: 2 << 20).string
            let count = Counter()
            let body = "<Error><Code>\(code)</Code><Message>Not now</Message></Error>"
            let run = try await FaultInjectionProxy.with(server) { _ in
                .respond { head in
                    guard head.hasPrefix("PUT "), count.next() == 0 else { return nil }
                    return "HTTP/1.1 400 Bad Request\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
                        + body
                }
            } _: { proxy in
                var user = user
                user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                return try await user.upload(path)
            }
            #expect(run.code == (isRetried ? 0 : 10), "\(run)")
            #expect(run.all("retrying").isEmpty != isRetried, "\(run)")
            if !isRetried {
                #expect(run.all("failed").first?.text("message")?.contains("Not now (status 400)") == true, "\(run)")
            }
        }
    }

    @Test("a part that is refused before it is received is reported as refused, not as a lost connection")
    func earlyRefusal() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 12 << 20).string
            let refusal = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n"
            let run = try await FaultInjectionProxy.with(server) { _ in
                .respond { $0.hasPrefix("PUT ") ? refusal : nil }
            } _: { proxy in
                var user = user
                user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                return try await user.upload(path)
            }
            #expect(run.code == 10, "\(run)")
            #expect(run.all("failed").first?.text("message")?.contains("413") == true, "\(run)")
        }
    }
}
