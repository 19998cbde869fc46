import Configuration
import Foundation
package import PontoonCore
import SystemPackage
import Yams

/// The settings as they were given: flags over environment over file.
package struct GivenSettings {
    private let reader: ConfigReader
    /// Holds also what is named by others, such as the keys of S3.
    package let environment: [String: String]

    /// Gathers the three sources.
    ///
    /// - Parameters:
    ///   - flags: What the command line said, by name.
    ///   - environment: Names and values; this process's unless a test gives others.
    /// - Throws: ``SettingError`` for a name that does not exist, in the environment or in the file.
    package init(
        flags: [SettingKey: String],
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws {
        self.environment = environment
        try Self.checkNames(environment: environment)
        let values = flags.map { (AbsoluteConfigKey([$0.key.rawValue]), ConfigValue(stringLiteral: $0.value)) }
        var providers: [any ConfigProvider] = [
            InMemoryProvider(name: "flags", values: Dictionary(uniqueKeysWithValues: values)),
            EnvironmentVariablesProvider(
                environmentVariables: environment,
                secretsSpecifier: .specific([
                    SettingKey.bootstrapToken.environmentName, SettingKey.metadata.environmentName,
                ])
            ).prefixKeys(with: "pontoon"),
        ]
        if let path = flags[.config] ?? environment[SettingKey.config.environmentName] {
            try Self.checkNames(file: path)
            providers.append(try await FileProvider<YAMLSnapshot>(filePath: FilePath(path)))
        }
        reader = ConfigReader(providers: providers)
    }

    /// - Returns: `nil` when it was not given.
    package func optionalText(_ key: SettingKey) throws -> String? { reader.string(forKey: ConfigKey([key.rawValue])) }

    package func text(_ key: SettingKey, default standard: String) throws -> String {
        guard let text = try optionalText(key) else { return standard }
        guard !text.isEmpty else { throw SettingError(key, "must not be empty") }
        return text
    }

    package func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: SettingKey,
        _ type: Choice.Type,
        default standard: Choice
    ) throws -> Choice where Choice.RawValue == String {
        guard let text = try optionalText(key) else { return standard }
        guard let choice = Choice(rawValue: text.lowercased()) else {
            let allowed = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw SettingError(key, "'\(text)' is none of \(allowed)")
        }
        return choice
    }

    /// A whole number, or a size such as `5MiB`.
    package func size(_ key: SettingKey, _ range: ClosedRange<Int64>, default standard: Int64) throws -> Int64 {
        guard let text = try optionalText(key) else { return standard }
        let units: [(String, Int64)] = [
            ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("", 1),
        ]
        guard let size = Self.number(text, units), range.contains(size) else {
            throw SettingError(
                key,
                "'\(text)' is not a size from \(range.lowerBound) to \(range.upperBound), like 5MiB"
            )
        }
        return size
    }

    /// A duration such as `90s`, `5m`, `1h` or `7d`, from `least` seconds to `most`.
    package func duration(_ key: SettingKey, from least: Int64, to most: String, default standard: String) throws
        -> Duration
    {
        let text = try optionalText(key) ?? standard
        guard let seconds = Self.seconds(text), let maximum = Self.seconds(most), seconds >= least, seconds <= maximum
        else {
            throw SettingError(key, "'\(text)' is not a duration from \(least)s to \(most), like 90s, 5m, 1h or 7d")
        }
        return .seconds(seconds)
    }

    /// A number of calls in a time, such as `1000/5m`; `off`, the default, is `nil`.
    package func rateLimit(_ key: SettingKey) throws -> RateLimit? {
        guard let text = try optionalText(key), text.lowercased() != "off" else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let calls = Self.number(parts[0], [("", 1)]), (1...1_000_000_000).contains(calls),
            let seconds = Self.seconds(parts[1]), (1...86400).contains(seconds)
        else {
            throw SettingError(key, "'\(text)' is neither off nor a number of calls in a time, like 1000/5m")
        }
        return RateLimit(calls: Int(calls), window: .seconds(seconds))
    }

    private static func seconds(_ text: String) -> Int64? {
        number(text, [("s", 1), ("m", 60), ("h", 3600), ("d", 86400)])
    }

    private static func number(_ text: String, _ units: [(suffix: String, factor: Int64)]) -> Int64? {
        for (suffix, factor) in units where text.lowercased().hasSuffix(suffix.lowercased()) {
            let digits = text.dropLast(suffix.count)
            guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int64(digits) else { continue }
            let (product, overflows) = value.multipliedReportingOverflow(by: factor)
            return overflows ? nil : product
        }
        return nil
    }

    private static func checkNames(environment: [String: String]) throws {
        let known = Set(SettingKey.allCases.map(\.environmentName))
        for name in environment.keys.sorted() where name.hasPrefix("PONTOON_") && !known.contains(name) {
            throw SettingError("environment variable '\(name)' is not a setting; 'pontoond serve --help' lists them")
        }
    }

    private static func checkNames(file path: String) throws {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw SettingError(.config, "the file '\(path)' cannot be read")
        }
        guard let mapping = try compose(text, path)?.mapping else {
            throw SettingError(.config, "the file '\(path)' does not hold names and values")
        }
        for (key, value) in mapping {
            let name = key.string ?? "?"
            guard let setting = SettingKey(rawValue: name), setting.isAllowedInFile else {
                throw SettingError("'\(name)' in '\(path)' is not a setting; 'pontoond serve --help' lists them")
            }
            guard value.scalar != nil else { throw SettingError(setting, "must be a single value") }
        }
    }

    private static func compose(_ text: String, _ path: String) throws -> Yams.Node? {
        do {
            return try Yams.compose(yaml: text)
        } catch {
            // The lines after the first show the place with a pointer.
            let problem = "\(error)".prefix { $0 != "\n" }
            throw SettingError(.config, "the file '\(path)' is not YAML: \(problem)")
        }
    }
}
