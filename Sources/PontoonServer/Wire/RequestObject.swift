import Foundation
import PontoonCore

/// A JSON object in a request, read field by field so that each error names the invalid field and has the call's error
/// code.
struct RequestObject: Sendable {
    /// The fields of the object, except those that are `null`.
    let fields: [String: JSONValue]
    private let code: PontoonError.Code

    /// Creates an object from the body of a request, or from an element of its body.
    ///
    /// - Parameters:
    ///   - value: The JSON value; `null` and `[]`, which clients send for "no data", count as an empty object.
    ///   - code: The error code for an invalid field.
    /// - Throws: An error with `code` if the value is anything else.
    init(_ value: JSONValue, code: PontoonError.Code) throws(PontoonError) {
        self.code = code
        switch value {
        case .object(let fields): self.fields = fields.filter { $0.value != .null }
        case .null, .array([]): fields = [:]
        default: throw PontoonError(code, "The body must be a JSON object.")
        }
    }

    /// Returns a string field, or `nil` if it is absent.
    ///
    /// - Throws: An error with the call's code if the field is not a string.
    func string(_ name: String) throws(PontoonError) -> String? {
        guard let value = fields[name] else { return nil }
        guard case .string(let text) = value else { throw wrong(name, "a string") }
        return text
    }

    /// Returns an integer field, or `nil` if it is absent.
    ///
    /// - Throws: An error with the call's code if the field is not an integer.
    func integer(_ name: String) throws(PontoonError) -> Int64? {
        guard let value = fields[name] else { return nil }
        guard let integer = value.integer else { throw wrong(name, "an integer") }
        return integer
    }

    /// Returns a field with an array of strings, or `nil` if it is absent.
    ///
    /// - Throws: An error with the call's code if the field is not an array of strings.
    func strings(_ name: String) throws(PontoonError) -> [String]? {
        guard let value = fields[name] else { return nil }
        guard let strings = value.strings else { throw wrong(name, "an array of strings") }
        return strings
    }

    /// Returns the field `tags`, or `nil` if it is absent; numbers and Booleans are converted to text.
    ///
    /// - Throws: An error with the call's code if the field is not an array of strings, numbers and Booleans.
    func tags() throws(PontoonError) -> [String]? {
        guard let value = fields["tags"] else { return nil }
        guard let tags = value.scalarTexts else { throw wrong("tags", "an array of strings") }
        return tags
    }

    /// Returns the fields of an object field, or `nil` if it is absent.
    ///
    /// `[]` counts as an empty object, because R clients cannot distinguish between an empty array and an empty object.
    ///
    /// - Throws: An error with the call's code if the field is not an object.
    func object(_ name: String) throws(PontoonError) -> [String: JSONValue]? {
        switch fields[name] {
        case nil: return nil
        case .object(let fields): return fields
        case .array([]): return [:]
        default: throw wrong(name, "an object")
        }
    }

    /// Returns the elements of an array field, or `nil` if it is absent.
    ///
    /// - Throws: An error with the call's code if the field is not an array.
    func array(_ name: String) throws(PontoonError) -> [JSONValue]? {
        guard let value = fields[name] else { return nil }
        guard case .array(let values) = value else { throw wrong(name, "an array") }
        return values
    }

    /// Returns a field with a time in the format of RFC 3339, or `nil` if it is absent.
    ///
    /// - Throws: An error with the call's code if the field does not have this format.
    func time(_ name: String) throws(PontoonError) -> Date? {
        guard let text = try string(name) else { return nil }
        guard let date = Timestamp.date(text) else { throw wrong(name, "a time such as 2026-12-31T23:59:59Z") }
        return date
    }

    private func wrong(_ name: String, _ expected: String) -> PontoonError {
        PontoonError(code, "The field '\(name)' must be \(expected).")
    }
}
