import Foundation
import PontoonCore
import PontoonServer
import SystemPackage
import Testing

@testable import PontoonApp

struct SettingTests {
    @Test("without any setting, all defaults are valid")
    func defaults() throws {
        let settings = try Settings(try GivenSettings(flags: [], environment: [:]))
        #expect(settings.server.listen == .tcp(host: "127.0.0.1", port: 8080))
        #expect(settings.tls == nil)
        #expect(settings.server.publicURL == nil)
        #expect(settings.urlLifetime == .seconds(3600))
        #expect(settings.sizing.minimumPartSize == 5 << 20)
        #expect(settings.bootstrapToken == nil)
        #expect(settings.leaseDuration == nil)
    }

    @Test("names are unique, including former ones, and no summary repeats the allowed values")
    func names() {
        let names = SettingList.all.flatMap { [$0.name] + $0.formerNames }
        #expect(Set(names).count == names.count)
        for setting in SettingList.all {
            #expect(!setting.summary.contains("default"), "\(setting.name)")
            #expect(!setting.summary.hasSuffix("."), "\(setting.name)")
        }
    }

    @Test("a flag overrides the environment, which overrides the file")
    func order() throws {
        try withFile("grace: 1s\ndrain: 1s\nidle-timeout: 1s\n") { file in
            let given = try GivenSettings(
                flags: [GivenFlag(Setting.config, file), GivenFlag(Setting.grace, "3s")],
                environment: ["PONTOON_GRACE": "2s", "PONTOON_DRAIN": "2s"]
            )
            #expect(try given.value(of: .grace) == .seconds(3))
            #expect(try given.value(of: .drain) == .seconds(2))
            #expect(try given.value(of: .idleTimeout) == .seconds(1))
        }
    }

    @Test("former names work in the environment and in the file, and the current name overrides them")
    func formerNames() throws {
        let old = try GivenSettings(flags: [], environment: ["PONTOON_CLAIM_LIFETIME": "4s"])
        #expect(try old.value(of: .leaseDuration) == .seconds(4))
        let both = ["PONTOON_CLAIM_LIFETIME": "4s", "PONTOON_LEASE_DURATION": "5s"]
        #expect(try GivenSettings(flags: [], environment: both).value(of: .leaseDuration) == .seconds(5))
        try withFile("claim-lifetime: 6s\n") { file in
            let given = try GivenSettings(flags: [GivenFlag(Setting.config, file)], environment: [:])
            #expect(try given.value(of: .leaseDuration) == .seconds(6))
        }
    }

    @Test("an error names the setting, the source, the value and the allowed values")
    func errors() throws {
        let allowed = "is not allowed; use a duration from 0s to 1d, such as 90s, 5m, 1h or 7d"
        expectError("setting 'grace' (from --grace): '2d' \(allowed)") {
            try GivenSettings(flags: [GivenFlag(Setting.grace, "2d")], environment: [:]).value(of: .grace)
        }
        expectError("setting 'grace' (from environment variable PONTOON_GRACE): 'x' \(allowed)") {
            try GivenSettings(flags: [], environment: ["PONTOON_GRACE": "x"]).value(of: .grace)
        }
        try withFile("grace:\n") { file in
            expectError("setting 'grace' (from file '\(file)'): '' \(allowed)") {
                try GivenSettings(flags: [GivenFlag(Setting.config, file)], environment: [:]).value(of: .grace)
            }
        }
        expectError(
            "setting 'bootstrap-token' (from environment variable PONTOON_BOOTSTRAP_TOKEN): the value is not allowed: it "
                + "has 5 characters; use a random token of 32 to 256 printable ASCII characters without spaces"
        ) {
            try GivenSettings(flags: [], environment: ["PONTOON_BOOTSTRAP_TOKEN": "short"]).value(of: .bootstrapToken)
        }
    }

    @Test(
        "sizes are shown in their largest exact unit",
        arguments: [
            (0, "0"), (1, "1"), (1024, "1KiB"), (5 << 20, "5MiB"), ((5 << 20) + 1, "5242881"), (1 << 50, "1024TiB"),
        ]
    )
    func sizes(bytes: Int64, text: String) {
        #expect(SettingText.size(bytes) == text)
    }

    /// First writes the file if the environment variable TEST_UPDATE_DOCS is 1.
    @Test(
        "docs/settings.md and deploy/pontoon.yaml match the definitions",
        arguments: ["docs/settings.md", examplePath]
    )
    func generated(path: String) throws {
        let url = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: path)
        let expected = path == Self.examplePath ? Self.expectedExample : Self.expectedPage
        if ProcessInfo.processInfo.environment["TEST_UPDATE_DOCS"] == "1" {
            try expected.write(to: url, atomically: true, encoding: .utf8)
        }
        let text = try String(contentsOf: url, encoding: .utf8)
        #expect(text == expected, "run the test with TEST_UPDATE_DOCS=1 to update \(path)")
    }

    @Test("deploy/pontoon.yaml sets only the data directory")
    func example() throws {
        try withFile(Self.expectedExample) { file in
            let given = try GivenSettings(flags: [GivenFlag(Setting.config, file)], environment: [:])
            #expect(try given.value(of: .data) == "/var/lib/pontoon")
            let settings = try Settings(given)
            #expect(settings.server.listen == .tcp(host: "127.0.0.1", port: 8080))
        }
        let lines = Self.expectedExample.split(separator: "\n")
        #expect(lines.filter { !$0.hasPrefix("#") } == ["data: /var/lib/pontoon"])
    }

    private static let examplePath = "deploy/pontoon.yaml"

    /// The settings file of the Debian package: one commented-out line for each setting that a file can contain.
    private static var expectedExample: String {
        let settings: [String] = SettingList.all.filter { $0.sources.contains(.file) && $0.name != "data" }.map {
            setting in
            let values = setting.allowed ?? setting.placeholder
            return """
                # \(setting.summary).
                # Values: \(values). Default: \(setting.defaultDescription).
                #\(setting.name):

                """
        }
        return """
            # Settings of pontoond; `pontoond serve --help` describes them too. Remove the # in front of a setting, and add its
            # value. Then check the file with `pontoond serve --check-config --config FILE`, and restart the server.
            # Generated by SettingTests with TEST_UPDATE_DOCS=1.

            # Directory for the server's data, created if missing; unused if PostgreSQL and S3 are both used.
            data: /var/lib/pontoon

            \(settings.joined(separator: "\n"))
            """
    }

    private static var expectedPage: String {
        let rows = SettingList.all.map { setting in
            var names: [String] = []
            if setting.sources.contains(.flag) { names.append("`--\(setting.name)`") }
            if !setting.sources.contains(.file) { names.append("`\(setting.environmentName)`") }
            let values = setting.allowed ?? setting.placeholder
            let notes = setting.isSecret ? " Secret: messages never repeat the value." : ""
            let cells = [
                names.joined(separator: ", "), "\(setting.summary).\(notes)", values, setting.defaultDescription,
            ]
            return "| \(cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")) |"
        }
        return """
            # Settings of the server

            Give a setting as a flag (`--url-lifetime 1h`), as an environment variable (`PONTOON_URL_LIFETIME=1h`), or in the
            YAML file named by `--config` (`url-lifetime: 1h`). A flag overrides the environment variable, which overrides the
            file. The server checks all settings before it starts; an unknown name is an error.

            A duration is a whole number of seconds, minutes, hours or days (`90s`, `5m`, `1h`, `7d`). A size is a whole
            number of bytes, or of KiB, MiB, GiB or TiB (`5MiB`).

            <!-- Generated from Sources/PontoonApp/Settings/SettingList.swift by SettingTests with TEST_UPDATE_DOCS=1. -->

            | Setting | Meaning | Values | Default |
            | --- | --- | --- | --- |
            \(rows.joined(separator: "\n"))

            """
    }

    private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "settings-\(UUID().uuidString).yaml")
        try text.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        try body(file.path)
    }

    private func expectError<Value>(
        _ text: String,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> Value
    ) {
        let error = #expect(throws: SettingError.self, sourceLocation: sourceLocation) { _ = try body() }
        #expect(error?.description == text, sourceLocation: sourceLocation)
    }
}
