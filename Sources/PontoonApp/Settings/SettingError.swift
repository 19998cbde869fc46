/// An error that the operator can fix, usually by changing a setting.
///
/// Its description is one line.
package struct SettingError: Error, CustomStringConvertible {
    package let description: String

    /// - Parameters:
    ///   - setting: The setting.
    ///   - problem: The problem and its remedy. Contains the value, unless the value is secret.
    ///   - source: The source of the value; `nil` for a default.
    package init<Value>(_ setting: Setting<Value>, _ problem: String, from source: SettingSource? = nil) {
        description = "setting '\(setting.name)'\(source.map { " (from \($0))" } ?? ""): \(problem)"
    }

    package init(_ problem: String) { description = problem }
}

/// The source of a setting's value.
package enum SettingSource: Hashable, Sendable, CustomStringConvertible {
    /// The flag, with its dashes.
    case flag(String)
    case environment(String)
    case file(String)

    package var description: String {
        switch self {
        case .flag(let name): name
        case .environment(let name): "environment variable \(name)"
        case .file(let path): "file '\(path)'"
        }
    }
}

/// A flag on the command line, with its value.
package struct GivenFlag: Sendable {
    /// The current name of the setting.
    let setting: String
    /// The flag, with its dashes.
    let flag: String
    package let text: String

    package init(_ setting: some SettingDefinition, flag: String? = nil, _ text: String) {
        self.setting = setting.name
        self.flag = flag ?? "--\(setting.name)"
        self.text = text
    }
}
