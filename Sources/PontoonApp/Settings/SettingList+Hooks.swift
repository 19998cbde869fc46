import Foundation
package import SystemPackage

/// The settings of the programs that the server runs.
package struct HookSettings: Sendable {
    /// Path of the program that checks new files; `nil` if it is not set.
    package let validateCommand: FilePath?
    package let validateTimeout: Duration
    /// Path of the program that runs after each new file; `nil` if it is not set.
    package let hookCommand: FilePath?
    package let hookTimeout: Duration
    /// Maximum number of concurrent runs of each program.
    package let concurrency: Int

    /// Reads the settings.
    ///
    /// - Throws: ``SettingError`` for the first value that is not allowed, or if a hook command is set but the event
    ///   log is disabled.
    init(_ given: GivenSettings) throws {
        validateCommand = try given.value(of: .validateCommand)
        validateTimeout = try given.value(of: .validateTimeout)
        hookCommand = try given.value(of: .hookCommand)
        hookTimeout = try given.value(of: .hookTimeout)
        concurrency = try given.value(of: .hookConcurrency)
        if hookCommand != nil, try given.value(of: .eventRetention) == .zero {
            throw SettingError(.hookCommand, "it needs the event log; set --event-retention to more than 0s")
        }
    }

    /// Checks that the programs that are set exist and can be run.
    ///
    /// - Throws: ``SettingError`` for the first program that cannot be run.
    package func requirePrograms() throws {
        if let validateCommand { try Self.require(validateCommand, .validateCommand) }
        if let hookCommand { try Self.require(hookCommand, .hookCommand) }
    }

    private static func require(_ path: FilePath, _ setting: Setting<FilePath?>) throws {
        guard access(path.string, X_OK) == 0 else {
            let error = Errno(rawValue: errno)
            throw SettingError(setting, "cannot run '\(path)': \(error); check its path and permissions")
        }
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path.string, isDirectory: &isDirectory), isDirectory.boolValue {
            throw SettingError(setting, "'\(path)' is a directory; specify a program")
        }
    }
}

extension Setting where Value == FilePath? {
    package static var validateCommand: Setting<FilePath?> {
        program(
            "validate-command",
            "Program that checks each new file before it becomes visible, and can refuse it"
        )
    }

    package static var hookCommand: Setting<FilePath?> {
        program("hook-command", "Program that runs after each new file; needs the event log")
    }

    private static func program(_ name: String, _ summary: String) -> Setting<FilePath?> {
        Setting(
            name,
            SettingFormat(placeholder: "program", allowed: nil, expectation: "the absolute path of a program") { text in
                let path = FilePath(text)
                return path.isAbsolute ? .some(path) : nil
            },
            default: .value(nil, described: "none"),
            summary: summary
        )
    }
}

extension Setting where Value == Duration {
    package static var validateTimeout: Setting<Duration> {
        Setting(
            "validate-timeout",
            .duration(from: "1s", to: "1d"),
            default: .text("10m"),
            summary: "Time after which a run of --validate-command is stopped; the file is then not created"
        )
    }

    package static var hookTimeout: Setting<Duration> {
        Setting(
            "hook-timeout",
            .duration(from: "1s", to: "7d"),
            default: .text("10m"),
            summary: "Time after which a run of --hook-command is stopped and counts as failed"
        )
    }
}

extension Setting where Value == Int {
    package static var hookConcurrency: Setting<Int> {
        Setting(
            "hook-concurrency",
            .count(1...256),
            default: .text("4"),
            summary: "Maximum number of concurrent runs, separately for --validate-command and --hook-command"
        )
    }
}
