import PontoonCore

/// Which fields of a body the caller wants.
///
/// Source: docs/api.md#fields.
struct FieldSelection: Hashable, Sendable {
    private let wantsAll: Bool
    private let included: [[String]]
    private let excluded: Set<String>

    /// Reads the `fields` parameter.
    ///
    /// - Parameter text: Comma-separated names; `!name` leaves one out, `a.b` picks a nested value, `_all` is everything;
    ///   `nil` when the parameter is absent. Unknown names are ignored.
    init(_ text: String?) {
        let names = (text ?? "").split(separator: ",").map { $0.trimmingPrefix(while: \.isWhitespace) }
        wantsAll = names.contains("_all")
        excluded = Set(names.filter { $0.hasPrefix("!") }.map { String($0.dropFirst()) })
        included = names.filter { !$0.hasPrefix("!") && $0 != "_all" }.map { name in
            name.split(separator: ".", maxSplits: 1).map(String.init)
        }
    }

    /// Whether a whole body can be sent as it is.
    var isWhole: Bool { wantsAll && excluded.isEmpty }
    /// Whether the caller did not choose.
    var isDefault: Bool { !wantsAll && included.isEmpty && excluded.isEmpty }

    /// Picks fields of an object; `href` always stays, the clients load missing fields through it.
    ///
    /// - Parameters:
    ///   - value: The whole object.
    ///   - defaults: Names shown when the caller names none; `nil` is all.
    /// - Returns: The chosen part of the object.
    func apply(to value: JSONValue, defaults: [String]?) -> JSONValue {
        guard case .object(let fields) = value else { return value }
        var chosen = fields
        if !wantsAll {
            chosen = included.isEmpty ? Self.defaults(of: fields, defaults) : pick(from: fields)
        }
        chosen = chosen.filter { !excluded.contains($0.key) }
        chosen["href"] = fields["href"]
        return .object(chosen)
    }

    private static func defaults(of fields: [String: JSONValue], _ names: [String]?) -> [String: JSONValue] {
        guard let names else { return fields }
        return fields.filter { names.contains($0.key) }
    }

    private func pick(from fields: [String: JSONValue]) -> [String: JSONValue] {
        var chosen: [String: JSONValue] = [:]
        for path in included {
            guard let name = path.first, let value = fields[name] else { continue }
            guard path.count == 2 else {
                chosen[name] = value
                continue
            }
            guard case .object(let nested) = value else { continue }
            var kept: [String: JSONValue] = [:]
            if case .object(let earlier) = chosen[name] { kept = earlier }
            kept[path[1]] = nested[path[1]]
            chosen[name] = .object(kept)
        }
        return chosen
    }
}
