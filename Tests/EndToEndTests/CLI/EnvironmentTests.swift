import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Credentials and proxies from the environment, file systems without locks, and URLs with the wrong scheme or a
/// redirect.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct EnvironmentTests {
    @Test("a URL without a token, or a token without a URL, in the environment is an error")
    func halves() async throws {
        try await withPontoon { server, user in
            let written = try await user.run(["config", "--endpoint", server.endpoint], input: server.token + "\n")
            #expect(written.code == 0, "\(written)")
            for (token, endpoint, missing) in [
                ("", "http://127.0.0.1:1/v2", "SB_AUTH_TOKEN"), (server.token, "", "SB_API_ENDPOINT"),
            ] {
                var user = user
                (user.token, user.endpoint) = (token, endpoint)
                let run = try await user.run(["projects"])
                #expect(run.code == 3 && run.errors.contains("but \(missing) is not"), "\(run)")
                let named = try await user.run(["projects", "--profile", "default"])
                #expect(named.code == 0, "a profile was chosen: \(named)")
            }
        }
    }

    @Test("line breaks and spaces after the token and the URL are ignored", arguments: ["\r", "\n", "\r\n", " "])
    func lineEnds(end: String) async throws {
        try await withPontoon { _, user in
            var user = user
            user.token += end
            user.endpoint += end
            let run = try await user.run(["projects"])
            #expect(run.code == 0, "\(run)")
            user.token = "a\(end)b"
            let invalid = try await user.run(["projects"])
            #expect(invalid.code == 3 && invalid.errors.contains("SB_AUTH_TOKEN is not valid"), "\(invalid)")
        }
    }

    @Test("a profile is written through a symbolic link")
    func linkedFile() async throws {
        try await withPontoon { server, user in
            let target = try user.makeFile("dotfiles/credentials", size: 0).string
            let link = user.path(".sevenbridges/credentials")
            try FileManager.default.createDirectory(
                atPath: user.path(".sevenbridges"),
                withIntermediateDirectories: true
            )
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "../dotfiles/credentials")
            let run = try await user.run(["config", "--endpoint", server.endpoint], input: server.token + "\n")
            #expect(run.code == 0, "\(run)")
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "../dotfiles/credentials")
            #expect(try String(contentsOfFile: target, encoding: .utf8).contains(server.token))
            let permissions = try FileManager.default.attributesOfItem(atPath: target)[.posixPermissions] as? Int
            #expect(permissions == 0o600)
        }
    }

    @Test("unsupported and invalid proxies are errors, and SOCKS 5 is used for a SOCKS 5 proxy")
    func proxies() async throws {
        try await withPontoon { _, user in
            var user = user
            for value in ["https://127.0.0.1:1", "socks4://127.0.0.1:1", "not a url", "http://u:p#w@127.0.0.1:1"] {
                user.environment = ["http_proxy": value]
                let run = try await user.run(["projects"])
                #expect(run.code == 64 && run.errors.contains("http_proxy is not a valid proxy"), "\(value): \(run)")
            }
            user.environment = ["http_proxy": "http://127.0.0.1:1", "NO_PROXY": "127.0.0.0/8"]
            let direct = try await user.run(["projects"])
            #expect(direct.code == 0, "\(direct)")
            user.environment = ["ALL_PROXY": "socks5h://127.0.0.1:1"]
            let socks = try await user.run(["projects", "--retries", "1"])
            #expect(socks.code == 6, "\(socks)")
        }
    }

    @Test("http instead of https, or vice versa, is explained in one line, without library messages")
    func mixedUp() async throws {
        try await withPontoon { server, user in
            let plainUser = user
            var user = user
            user.endpoint = server.endpoint.replacing("http:", with: "https:")
            let plain = try await user.run(["projects"])
            #expect(plain.code == 6 && plain.errors.contains("does not use TLS on this port"), "\(plain)")
            #expect(plain.errors.split(separator: "\n").count == 1 && !plain.errors.contains("SSL"), "\(plain)")

            let responses = [
                // The alert that a TLS server sends.
                "\u{15}\u{03}\u{01}\u{00}\u{02}\u{02}\u{0A}", "",
                "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
                "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<center>The plain HTTP request was sent to HTTPS port",
            ]
            for response in responses {
                let run = try await FaultInjectionProxy.with(server, fault: { _ in .respond { _ in response } }) {
                    proxy in
                    var user = plainUser
                    user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                    return try await user.run(["projects", "--retries", "1"])
                }
                #expect([6, 10].contains(run.code) && run.errors.contains("begins with https://"), "\(run)")
            }
        }
    }

    @Test("file systems that do not support locks are used without locks, and other locking errors are reported")
    func locks() async throws {
        try await withPontoon { _, user in
            var user = user
            // Files of up to 1 MiB have no journal, and therefore no lock.
            let path = try user.makeFile("f", size: (1 << 20) + 1).string
            for (error, code) in [("ENOLCK", 0), ("ENOSYS", 0), ("EIO", 8)] {
                let injection = "inject=flock:error=\(error)"
                user.wrapper = [
                    "/usr/bin/strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=flock", "-e", injection,
                ]
                let upload = try await user.upload("--name", error, path)
                #expect(upload.code == code, "\(error): \(upload)")
                let download = try await user.download(["-o", user.path(error), error])
                #expect(download.code == (code == 0 ? 0 : 4), "\(error): \(download)")
                if code != 0 {
                    #expect(
                        upload.all("failed").first?.text("message")?.contains("Input/output error") == true,
                        "\(upload)"
                    )
                }
            }
        }
    }

    @Test("a redirect is not followed, but explained", arguments: [301, 307])
    func redirect(status: Int) async throws {
        try await withPontoon { server, user in
            let run = try await FaultInjectionProxy.with(server) { _ in
                .respond { head in
                    let path = head.split(separator: " ").dropFirst().first ?? ""
                    return
                        "HTTP/1.1 \(status) Moved\r\nLocation: https://uploads.example\(path)\r\nContent-Length: 0\r\n\r\n"
                }
            } _: { proxy in
                var user = user
                user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                return try await user.run(["projects"])
            }
            #expect(run.code == 10 && run.errors.contains("the API: https://uploads.example/v2."), "\(run)")
        }
    }
}
