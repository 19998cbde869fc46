/// The fields of an object to include in a response.
///
/// Source: docs/api.md#fields.
struct FieldSelection: Hashable, Sendable {
    /// How much of a field a response includes.
    enum Choice: Hashable, Sendable {
        case omitted, whole
        /// Only the selected fields of the value. A value that is not an object is omitted.
        case nested(FieldSelection)
    }

    static let all = FieldSelection(nil)

    /// The choice for each named field; `nil` includes every field.
    private let choices: [String: Choice]?
    private let excluded: Set<String>
    private let isNested: Bool

    /// Whether every field is included, without exceptions.
    var includesEverything: Bool { choices == nil && excluded.isEmpty }

    private init(nested names: [String: Choice]) {
        choices = names
        excluded = []
        isNested = true
    }

    /// Reads the `fields` parameter.
    ///
    /// - Parameters:
    ///   - text: Comma-separated names; `nil` if the parameter is absent. `!name` excludes a field, `a.b` selects only
    ///     the field `b` of `a`, and `_all` selects every field that is not excluded. Unknown names are ignored.
    ///   - defaults: The fields to include if `text` selects none; `nil` includes every field.
    init(_ text: String?, defaults: [String]? = nil) {
        let names = (text ?? "").split(separator: ",").map { $0.trimmingPrefix(while: \.isWhitespace) }
        let included = names.filter { !$0.hasPrefix("!") && $0 != "_all" }
        isNested = false
        excluded = Set(names.filter { $0.hasPrefix("!") }.map { String($0.dropFirst()) })
        if names.contains("_all") {
            choices = nil
        } else if included.isEmpty {
            choices = defaults.map { Dictionary($0.map { ($0, .whole) }) { first, _ in first } }
        } else {
            choices = Self.choices(included)
        }
    }

    /// Returns the choice for one field.
    ///
    /// The outermost `href` is always included, because clients load missing fields from it.
    func choice(_ name: String) -> Choice {
        if includesEverything { return .whole }
        if name == "href", !isNested { return .whole }
        if excluded.contains(name) { return .omitted }
        guard let choices else { return .whole }
        return choices[name] ?? .omitted
    }

    private static func choices(_ names: [Substring]) -> [String: Choice] {
        var nested: [String: [String: Choice]] = [:]
        var choices: [String: Choice] = [:]
        for name in names {
            let path = name.split(separator: ".", maxSplits: 1).map(String.init)
            guard let field = path.first else { continue }
            if path.count == 2 {
                nested[field, default: [:]][path[1]] = .whole
            } else {
                choices[field] = .whole
            }
        }
        for (field, names) in nested where choices[field] == nil {
            choices[field] = .nested(FieldSelection(nested: names))
        }
        return choices
    }
}
