import Foundation
import Yams

/// The settings as text, merged from three sources: flags override the environment, which overrides the settings file.
package struct GivenSettings: Sendable {
    private struct Given: Sendable {
        let text: String
        let source: SettingSource
    }

    private var values: [String: Given] = [:]
    /// All environment variables, including those that are not settings, such as the S3 credentials.
    package let environment: [String: String]

    /// Collects the settings from the three sources.
    ///
    /// - Parameters:
    ///   - flags: The flags on the command line.
    ///   - environment: The environment variables.
    /// - Throws: ``SettingError`` for an unknown name in the file, or in the environment if it begins with `PONTOON_`;
    ///   also if the file cannot be read or parsed. Values are not checked.
    package init(
        flags: [GivenFlag],
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        self.environment = environment
        var variables: [String: Given] = [:]
        for (definition, name) in Self.names {
            let variable = environmentVariable(named: name)
            guard let text = environment[variable] else { continue }
            variables[definition.name] = Given(text: text, source: .environment(variable))
        }
        try Self.checkNames(environment)
        var given: [String: Given] = [:]
        for flag in flags { given[flag.setting] = Given(text: flag.text, source: .flag(flag.flag)) }
        let config = Setting.config.name
        if let file = given[config] ?? variables[config] {
            values = try Self.read(file: file.text, from: file.source)
        }
        values.merge(variables) { $1 }
        values.merge(given) { $1 }
    }

    /// Returns the value of a setting, or its default.
    ///
    /// - Throws: ``SettingError`` if the value is not allowed.
    package func value<Value>(of setting: Setting<Value>) throws -> Value {
        if let given = values[setting.name] { return try setting.parse(given.text, from: given.source) }
        switch setting.standard {
        case .text(let text): return try setting.parse(text, from: nil)
        case .value(let value, _): return value
        }
    }

    /// A setting that differs from its default.
    package struct Change: Hashable, Sendable {
        package let name: String
        /// The value; `nil` if it may contain a secret.
        package let value: String?
    }

    /// The settings whose text differs from the description of their default, in the order of ``SettingList``.
    package var changes: [Change] {
        SettingList.all.compactMap { definition in
            guard let given = values[definition.name], given.text != definition.defaultDescription else { return nil }
            return Change(name: definition.name, value: definition.isSecret ? nil : given.text)
        }
    }

    /// Returns the names of the settings that have different values in `other`, sorted.
    func names(differingFrom other: GivenSettings) -> [String] {
        Set(values.keys).union(other.values.keys).filter { values[$0]?.text != other.values[$0]?.text }.sorted()
    }

    /// The current and former names of all settings.
    ///
    /// The current name of a setting comes last, so that its value overrides values under former names.
    private static var names: [(definition: any SettingDefinition, name: String)] {
        SettingList.all.flatMap { definition in
            (definition.formerNames + [definition.name]).map { (definition, $0) }
        }
    }

    private static func checkNames(_ environment: [String: String]) throws {
        let known = Set(names.map { environmentVariable(named: $0.name) })
        for name in environment.keys.sorted()
        where name.hasPrefix("PONTOON_") && !known.contains(name) && !isServiceLink(name) {
            let isOtherLink = name.wholeMatch(of: #/PONTOON_[A-Z0-9_]+_(SERVICE_HOST|PORT(_[A-Z0-9_]+)?)/#) != nil
            let hint = isOtherLink ? ". If it describes a service of Kubernetes, set enableServiceLinks: false" : ""
            throw SettingError(
                "environment variable '\(name)' is not a setting; 'pontoond serve --help' lists the settings\(hint)"
            )
        }
    }

    /// Returns whether Kubernetes or Docker sets a variable with this name to describe a service named `pontoon`.
    private static func isServiceLink(_ name: String) -> Bool {
        let service = #/PONTOON_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)/#
        let port = #/PONTOON_PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?/#
        return name.wholeMatch(of: service) != nil || name.wholeMatch(of: port) != nil
    }

    private static func read(file path: String, from source: SettingSource) throws -> [String: Given] {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw SettingError(.config, "cannot read the file '\(path)'; check its path and permissions", from: source)
        }
        guard let mapping = try parse(text, path, source)?.mapping else {
            throw SettingError(.config, "the file '\(path)' must contain lines of the form 'NAME: VALUE'", from: source)
        }
        let inFile = names.filter { $0.definition.sources.contains(.file) }
        for (key, value) in mapping {
            let name = key.string ?? "?"
            guard inFile.contains(where: { $0.name == name }) else {
                throw SettingError(
                    "'\(name)' in '\(path)' is not a setting; 'pontoond serve --help' lists the settings"
                )
            }
            guard value.scalar != nil else {
                throw SettingError("setting '\(name)' (from file '\(path)'): the value must be a string or a number")
            }
        }
        var values: [String: Given] = [:]
        for (definition, name) in inFile {
            guard let text = mapping[Node(name)]?.scalar?.string else { continue }
            values[definition.name] = Given(text: text, source: .file(path))
        }
        return values
    }

    private static func parse(_ text: String, _ path: String, _ source: SettingSource) throws -> Yams.Node? {
        do {
            return try Yams.compose(yaml: text)
        } catch {
            // Only the first line is shown, because the other lines quote the settings file, which may contain secrets.
            let problem = "\(error)".prefix { $0 != "\n" }
            throw SettingError(.config, "the file '\(path)' is not valid YAML: \(problem)", from: source)
        }
    }
}
