/// A string that compares equal only to strings with the same UTF-8 bytes.
///
/// `String` compares by canonical equivalence, but the API and most file systems treat the composed and decomposed
/// forms of a name as different names.
package struct ByteExactString: Hashable, Sendable {
    package let bytes: [UInt8]

    package init(_ string: String) { bytes = Array(string.utf8) }
}
