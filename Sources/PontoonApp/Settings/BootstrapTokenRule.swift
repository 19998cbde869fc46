import PontoonCore

/// The rule that the first user's token must look random, because whoever guesses it controls the server.
///
/// A token with 128 random bits, in hex or a larger alphabet, is refused with a probability of about 1 in 100,000.
enum BootstrapTokenRule {
    /// The reason why a text is not accepted.
    struct Weakness: Error, CustomStringConvertible {
        let description: String
        /// Whether a server that listens on the loopback interface, for example for a trial, accepts the token anyway.
        var isToleratedLocally = false
    }

    /// Returns the reason why a text is not accepted; `nil` if it looks random.
    static func weakness(of text: String) -> Weakness? {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else { return Weakness(description: "it is empty; unset it if you need no fixed token") }
        guard (32...256).contains(bytes.count) else {
            return Weakness(description: "it has \(bytes.count) characters")
        }
        guard bytes.allSatisfy({ (33...126).contains($0) }) else {
            return Weakness(description: "it contains a space or a character that is not ASCII")
        }
        guard !SenderSessions.isSenderToken(Secret(text)) else {
            return Weakness(description: "it starts like the token of an upload link's sender")
        }
        let lowercased = text.lowercased()
        // Does not name the word, because a message must not repeat a part of the token.
        guard !words.contains(where: { lowercased.contains($0) }) else {
            return Weakness(description: "it contains a word such as 'token' or 'password'")
        }
        let pattern = "it follows a pattern; create one with: openssl rand -hex 16"
        guard Set(bytes).count >= minimumDistinct else { return Weakness(description: pattern) }
        if published.contains(lowercased) {
            return Weakness(description: "it is published in the documentation", isToleratedLocally: true)
        }
        if isRepetition(bytes) || isSequence(bytes) {
            return Weakness(description: pattern, isToleratedLocally: true)
        }
        return nil
    }

    /// Tokens in the documentation, the examples in `deploy` and the OpenAPI document, in lower case.
    private static let published: Set<String> = [
        "0123456789abcdef0123456789abcdef", "d5a81f0c7e4b42c996b1a9d0e7325f68", "9f86d081884c7d659a2feaa0c55ad015",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "b4564720d283eda58b51348cb4d104ef",
    ]

    /// Words that occur in invented tokens but not in random tokens.
    private static let words = [
        "admin", "bootstrap", "change", "default", "example", "insert", "letmein", "password", "pontoon", "qwerty",
        "replace", "secret", "token",
    ]

    /// Minimum number of distinct characters in a token.
    ///
    /// A token of 32 random hex digits has fewer with a probability of less than 1 in 1,000,000.
    private static let minimumDistinct = 8

    /// Returns whether the bytes repeat a block of at most half their length.
    ///
    /// The last repetition may be incomplete.
    private static func isRepetition(_ bytes: [UInt8]) -> Bool {
        (1...(bytes.count / 2)).contains { period in
            zip(bytes, bytes.dropFirst(period)).allSatisfy { $0 == $1 }
        }
    }

    /// Returns whether more than half of the characters differ from their predecessor by at most one, as in `aabbcdef`.
    private static func isSequence(_ bytes: [UInt8]) -> Bool {
        let steps = zip(bytes, bytes.dropFirst()).filter { abs(Int($0) - Int($1)) <= 1 }
        return steps.count * 2 > bytes.count
    }
}
