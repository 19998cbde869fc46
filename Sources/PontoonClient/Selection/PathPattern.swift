import PontoonCore

/// A pattern that selects files and folders below a folder, with the rules of `.gitignore` and additionally braces.
///
/// A pattern without a slash, or with one only at its end, matches names in the folder and every subfolder. Any other
/// pattern matches paths relative to the folder, and may start with `/` or `./`. A slash at the end limits the pattern
/// to folders. `*`, `?` and `[…]` match within a name, `**` matches any number of folders including none, `{a,b}`
/// matches either alternative, and `\` makes the next character literal. Negation with `!` is not supported.
struct PathPattern: Hashable, Sendable {
    /// One alternative of the pattern: shell patterns for the names of a path, outermost first.
    private struct Alternative: Hashable, Sendable {
        var names: [String]
        var isFolder: Bool
    }

    /// Maximum number of alternatives into which the braces of a pattern may expand.
    static let maximumAlternatives = 1000

    /// The pattern as the user wrote it.
    let text: String
    private let alternatives: [Alternative]

    /// Parses a pattern.
    ///
    /// - Throws: ``ClientError`` with code `.requestInvalid` if the pattern is not valid, for example because it
    ///   contains `..`, a negation or an unclosed brace.
    init(_ text: String) throws(ClientError) {
        self.text = text
        let expanded = try Self.expandBraces(text)
        var alternatives: [Alternative] = []
        for text in expanded { alternatives.append(try Self.parse(text, of: self.text)) }
        self.alternatives = alternatives
    }

    /// Returns whether the pattern matches a path, given as the names of its folders and its own name.
    func matches(_ path: [String], isFolder: Bool) -> Bool {
        alternatives.contains { alternative in
            (isFolder || !alternative.isFolder) && Self.matches(path, alternative.names)
        }
    }

    /// Returns whether the pattern may match a path below `folder`, which is given as names, outermost first.
    func mayMatch(below folder: [String]) -> Bool {
        alternatives.contains { alternative in
            // Either the first names match the folder and further names may match its contents, or `**` matches
            // everything below the folder.
            let names = alternative.names
            return names.indices.contains { Self.matches(folder, Array(names[..<$0])) }
                || names.last == "**" && Self.matches(folder, names)
        }
    }

    private static func parse(_ text: String, of pattern: String) throws(ClientError) -> Alternative {
        guard !text.hasPrefix("!") else {
            throw invalid(
                pattern,
                "it starts with '!', and negation is not supported",
                "Write '\\!' for a name that starts with '!'."
            )
        }
        var names = text.split(separator: "/").map(String.init)
        let isRelative = text.hasPrefix("/") || names.first == "." || names.count > 1
        names.removeAll { $0 == "." }
        guard !names.isEmpty else {
            throw invalid(pattern, "it contains no name", "Use a name, or a path below the folder.")
        }
        guard !names.contains("..") else {
            throw invalid(pattern, "it contains '..'", "Use a path below the folder.")
        }
        guard !names.contains(where: endsWithEscape) else {
            throw invalid(pattern, "a name ends with '\\'", "Write '\\\\' for a backslash.")
        }
        return Alternative(names: isRelative ? names : ["**"] + names, isFolder: text.hasSuffix("/"))
    }

    private static func endsWithEscape(_ name: String) -> Bool {
        !name.reversed().prefix { $0 == "\\" }.count.isMultiple(of: 2)
    }

    /// Returns whether shell patterns match the names of a path.
    ///
    /// Tracks the positions in the path up to which the patterns so far can match.
    private static func matches(_ path: [String], _ patterns: [String]) -> Bool {
        var ends: Set<Int> = [0]
        for (index, pattern) in patterns.enumerated() {
            if pattern == "**" {
                guard let first = ends.min() else { return false }
                // At the end of a pattern, as in `logs/**`, `**` matches everything in a folder, but not the folder
                // itself.
                let isLast = index == patterns.count - 1 && index > 0
                ends = Set(min(isLast ? first + 1 : first, path.count + 1)..<(path.count + 1))
            } else {
                ends = Set(
                    ends.lazy.filter { $0 < path.count && FileSystem.matches(path[$0], pattern: pattern) }
                        .map { $0 + 1 }
                )
            }
        }
        return ends.contains(path.count)
    }

    private static func invalid(_ pattern: String, _ problem: String, _ advice: String) -> ClientError {
        ClientError(.requestInvalid, "The pattern '\(pattern)' is not valid: \(problem).", advice: advice)
    }
}

extension PathPattern {
    /// Expands the braces of a pattern into alternatives.
    ///
    /// Without braces, the only alternative is the pattern itself.
    ///
    /// - Throws: `.requestInvalid` if a brace is not closed, or if there are more than ``maximumAlternatives``.
    private static func expandBraces(_ pattern: String) throws(ClientError) -> [String] {
        var finished: [String] = []
        var waiting = [pattern]
        while let text = waiting.popLast() {
            guard finished.count + waiting.count < maximumAlternatives else {
                throw invalid(
                    pattern,
                    "its braces have more than \(maximumAlternatives) alternatives",
                    "Use several patterns."
                )
            }
            guard let (before, choices, after) = try firstBraces(text, of: pattern) else {
                finished.append(text)
                continue
            }
            waiting += choices.map { before + $0 + after }
        }
        return finished
    }

    /// Splits a text at its first pair of braces, which may contain other pairs.
    ///
    /// - Returns: The text before the braces, the alternatives in them, and the text after them; `nil` if there are no
    ///   braces.
    /// - Throws: `.requestInvalid` if a brace is not closed.
    private static func firstBraces(
        _ text: String,
        of pattern: String
    ) throws(ClientError) -> (before: String, choices: [String], after: String)? {
        var (before, choices, choice, depth, isEscaped) = ("", [String](), "", 0, false)
        for index in text.indices {
            let character = text[index]
            defer { isEscaped = !isEscaped && character == "\\" }
            switch character {
            case "{" where !isEscaped:
                depth += 1
                if depth > 1 { choice.append(character) }
            case "}" where !isEscaped && depth == 1:
                return (before, choices + [choice], String(text[text.index(after: index)...]))
            case "," where !isEscaped && depth == 1:
                choices.append(choice)
                choice = ""
            default:
                if character == "}", !isEscaped, depth > 1 { depth -= 1 }
                if depth == 0 { before.append(character) } else { choice.append(character) }
            }
        }
        guard depth == 0 else {
            throw invalid(pattern, "a brace is not closed", "Write '\\{' for a brace in a name.")
        }
        return nil
    }
}

/// The patterns of `--include`, `--exclude` and `--last`, with a record of which have matched.
struct PathFilter: Sendable {
    private let include: [PathPattern]
    private let exclude: [PathPattern]
    private let last: [PathPattern]
    private var matched: Set<PathPattern> = []

    /// Parses the patterns.
    ///
    /// - Throws: ``ClientError`` with code `.requestInvalid` if a pattern is not valid.
    init(include: [String], exclude: [String], last: [String] = []) throws(ClientError) {
        self.include = try Self.parse(include)
        self.exclude = try Self.parse(exclude)
        self.last = try Self.parse(last)
    }

    /// Returns whether a pattern excludes a file or folder.
    ///
    /// Does not check the folders that contain it. The caller must also exclude the contents of an excluded folder.
    mutating func excludes(_ path: [String], isFolder: Bool) -> Bool { matches(path, isFolder, exclude) }

    /// Returns whether a pattern includes a file, or a folder with its contents; `true` if there are no such patterns.
    ///
    /// Does not check the folders that contain it.
    mutating func includes(_ path: [String], isFolder: Bool) -> Bool {
        include.isEmpty || matches(path, isFolder, include)
    }

    /// Returns whether a file is sent after all others.
    mutating func isLast(_ path: [String]) -> Bool { matches(path, false, last) }

    /// Returns whether the patterns select a file, considering the file itself and the folders that contain it.
    mutating func selects(_ file: [String]) -> Bool {
        var isIncluded = false
        for end in file.indices {
            let (path, isFolder) = (Array(file[...end]), end < file.count - 1)
            if excludes(path, isFolder: isFolder) { return false }
            isIncluded = isIncluded || includes(path, isFolder: isFolder)
        }
        return isIncluded
    }

    /// A warning for each pattern that has matched nothing so far.
    var warnings: [String] {
        [("--include", include), ("--exclude", exclude), ("--last", last)].flatMap { option, patterns in
            patterns.filter { !matched.contains($0) }.map { "The pattern \(option) '\($0.text)' matched nothing." }
        }
    }

    private mutating func matches(_ path: [String], _ isFolder: Bool, _ patterns: [PathPattern]) -> Bool {
        var isMatch = false
        for pattern in patterns where pattern.matches(path, isFolder: isFolder) {
            isMatch = true
            matched.insert(pattern)
        }
        return isMatch
    }

    private static func parse(_ texts: [String]) throws(ClientError) -> [PathPattern] {
        var patterns: [PathPattern] = []
        for text in texts { patterns.append(try PathPattern(text)) }
        return patterns
    }
}
