/// The definition of one setting.
///
/// The flag, the environment variable, the validation, the error messages, `--help` and docs/settings.md are derived
/// from the definition.
package protocol SettingDefinition: Sendable {
    /// The name in the settings file; the flag is `--NAME`.
    var name: String { get }
    /// Names from earlier versions. They are still accepted, but not documented.
    var formerNames: [String] { get }
    /// The meaning of the setting, without the allowed values and the default.
    var summary: String { get }
    /// The placeholder of the value in `--help`.
    var placeholder: String { get }
    /// The allowed values; `nil` if the summary describes them.
    var allowed: String? { get }
    var defaultDescription: String { get }
    var sources: SettingSources { get }
    /// Whether the value may contain a secret, so that messages must not show it.
    var isSecret: Bool { get }
}

extension SettingDefinition {
    /// The description in `--help`, with the allowed values and the default.
    package var help: String {
        let values = [allowed, "default: \(defaultDescription)"].compactMap(\.self).joined(separator: "; ")
        return "\(summary) (\(values))"
    }

    package var environmentName: String { environmentVariable(named: name) }
}

/// Returns the name of a setting's environment variable, such as `PONTOON_URL_LIFETIME` for `url-lifetime`.
func environmentVariable(named name: String) -> String {
    "PONTOON_" + name.uppercased().replacing("-", with: "_")
}

/// The sources from which a setting may be read.
package struct SettingSources: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    package static let flag = SettingSources(rawValue: 1)
    package static let environment = SettingSources(rawValue: 2)
    package static let file = SettingSources(rawValue: 4)
    package static let all: SettingSources = [.flag, .environment, .file]
}

/// The definition of a setting with a typed value.
package struct Setting<Value: Sendable>: SettingDefinition {
    /// The default value, which applies if no source provides one.
    enum Default {
        /// A text that is parsed like a given value.
        case text(String)
        /// A value that cannot be given as text.
        case value(Value, described: String)
    }

    package let name: String
    package let formerNames: [String]
    package let summary: String
    package let sources: SettingSources
    package let isSecret: Bool
    let format: SettingFormat<Value>
    let standard: Default

    init(
        _ name: String,
        formerNames: [String] = [],
        _ format: SettingFormat<Value>,
        default standard: Default,
        sources: SettingSources = .all,
        isSecret: Bool = false,
        summary: String
    ) {
        self.name = name
        self.formerNames = formerNames
        self.summary = summary
        self.format = format
        self.standard = standard
        self.sources = sources
        self.isSecret = isSecret
    }

    package var placeholder: String { format.placeholder }
    package var allowed: String? { format.allowed }

    package var defaultDescription: String {
        switch standard {
        case .text(let text): text
        case .value(_, let described): described
        }
    }

    /// Parses a value.
    ///
    /// - Throws: ``SettingError`` if the value is not allowed. Its description names the setting, the source, the value
    ///   unless it is secret, and the allowed values.
    func parse(_ text: String, from source: SettingSource?) throws -> Value {
        var detail = ""
        do {
            if let value = try format.parse(text) { return value }
        } catch {
            detail = ": \(error)"
        }
        let value = isSecret ? "the value" : "'\(text)'"
        throw SettingError(self, "\(value) is not allowed\(detail); use \(format.expectation)", from: source)
    }
}
