import Foundation
import PontoonCore
import Testing

@testable import PontoonApp

/// The rules for the token of the first user.
struct BootstrapTokenTests {
    @Test(
        "a weak token is refused",
        arguments: [
            "", "short", "7c5e0a9f3b61d84e2fa7103cc9d6b58", "7c5e0a9f3b61d84e 2fa7103cc9d6b58e",
            "7c5e0a9f3b61d84e2fa7103cc9d6b58ü", String(repeating: "7c5e0a9f3b61d84e", count: 17),
            String(repeating: "a", count: 32), String(repeating: "ab", count: 20),
            "7c5e0a9f3b61d84e7c5e0a9f3b61d84e", "0123456789abcdef0123456789abcdef", "0123456789ABCDEF0123456789ABCDEF",
            "abcdefghijklmnopqrstuvwxyz0123456789", "9876543210zyxwvutsrqponmlkjihgfedcba",
            "change-me-change-me-change-me-0f3a", "My-Secret-Value-For-The-Server-42!",
            "token-of-the-admin-of-these-tests",
            "d5a81f0c7e4b42c996b1a9d0e7325f68", "00000000000000000000000000000001", "1a1a1a1a1a1a1a1a2b2b2b2b2b2b2b2b",
        ]
    )
    func weak(_ token: String) throws {
        #expect(BootstrapTokenRule.weakness(of: token) != nil)
        let given = try GivenSettings(flags: [], environment: ["PONTOON_BOOTSTRAP_TOKEN": token])
        // Other machines can reach a server that listens on this address.
        let error = try #require(throws: SettingError.self) {
            try Settings(GivenSettings(flags: [GivenFlag(Setting.listen, "0.0.0.0:0")], environment: given.environment))
        }
        #expect(error.description.contains("bootstrap-token"))
        #expect(token.count < 6 || !error.description.contains(token), "the message repeats the token")
    }

    @Test("a published token or a pattern is accepted for trials, on the loopback interface")
    func trial() throws {
        func settings(_ token: String, _ flags: [GivenFlag]) throws -> Settings {
            try Settings(GivenSettings(flags: flags, environment: ["PONTOON_BOOTSTRAP_TOKEN": token]))
        }
        for token in ["0123456789abcdef0123456789abcdef", "7c5e0a9f3b61d84e7c5e0a9f3b61d84e"] {
            #expect(try settings(token, []).tokenWeakness != nil)
            for address in ["0.0.0.0:0", "192.0.2.1:80", "unix:/run/pontoon.sock"] {
                let flag = GivenFlag(Setting.listen, address)
                #expect(throws: SettingError.self, "\(address)") { try settings(token, [flag]) }
            }
        }
        for token in ["change-me-change-me-change-me-0f3a", String(repeating: "a", count: 32), "short"] {
            #expect(throws: SettingError.self, "\(token)") { try settings(token, []) }
        }
        #expect(try settings(Identifiers.token().value, []).tokenWeakness == nil)
    }

    @Test("random tokens in hex, Base64 and as UUIDs are accepted")
    func random() {
        for _ in 0..<200 {
            let base64 = Data(Identifiers.upload().utf8.prefix(32)).base64EncodedString()
            #expect(BootstrapTokenRule.weakness(of: Identifiers.token().value) == nil)
            #expect(BootstrapTokenRule.weakness(of: Identifiers.hex(bytes: 32)) == nil)
            #expect(BootstrapTokenRule.weakness(of: Identifiers.uuid()) == nil)
            #expect(BootstrapTokenRule.weakness(of: Identifiers.upload()) == nil)
            #expect(BootstrapTokenRule.weakness(of: base64) == nil)
        }
    }

    @Test("every token in the documentation and in deploy is refused")
    func published() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        var files = ["README.md", "CONTRIBUTING.md", "Sources/CEmbedded/openapi.yaml"].map { root.appending(path: $0) }
        for folder in ["docs", "deploy"] {
            let url = root.appending(path: folder)
            let entries = try #require(FileManager.default.enumerator(at: url, includingPropertiesForKeys: nil))
            for case let file as URL in entries where ["md", "yaml", "service"].contains(file.pathExtension) {
                files.append(file)
            }
        }
        var found = 0
        for file in files {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /\b[0-9a-f]{32,256}\b/) {
                found += 1
                #expect(BootstrapTokenRule.weakness(of: String(match.output)) != nil, "\(match.output) in \(file.path)")
            }
        }
        #expect(files.count > 20 && found > 5)
    }
}
