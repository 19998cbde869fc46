import PontoonFoundation
public import SystemPackage

extension CredentialsFile {
    /// Adds or replaces a profile without changing the other profiles.
    ///
    /// Blocks the calling thread. The file is replaced atomically. Only its owner can read and write the new file. If
    /// the path is a symbolic link, the file to which it points is replaced. All lines of a replaced profile are
    /// removed, including comments and other keys. `CR LF` line endings are preserved. A byte order mark is removed,
    /// because the platform's own clients cannot read it.
    ///
    /// - Parameters:
    ///   - name: Name of the profile.
    ///   - endpoint: URL of the API.
    ///   - token: The user's token.
    ///   - path: Path of the file. The file and its folder are created if they do not exist.
    /// - Throws: ``ClientError`` with code `.fileUnwritable` if the file cannot be read or written.
    public static func save(_ name: String, endpoint: Endpoint, token: AuthToken, to path: FilePath) throws {
        do {
            let path = try FileSystem.resolvingLinks(path)
            let folder = path.removingLastComponent()
            try FileManager.default.createDirectory(
                atPath: folder.string,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
            let exists = FileManager.default.fileExists(atPath: path.string)
            let old = exists ? try String(contentsOfFile: path.string, encoding: .utf8) : ""
            let section = ["[\(name)]", "api_endpoint = \(endpoint.url)", "auth_token = \(token.value)"]
            try write(replacing(name, in: old, by: section), to: path)
        } catch {
            throw ClientError(
                .fileUnwritable,
                "Cannot write '\(path)': \(error.reason).",
                advice: "Check the permissions of the file and its folder."
            )
        }
    }

    /// Returns the text with the section `name` replaced, or appended if the text has no such section.
    static func replacing(_ name: String, in text: String, by section: [String]) -> String {
        let lineEnd = text.contains("\r\n") ? "\r\n" : "\n"
        let old = text.withoutByteOrderMark.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        var (lines, isInside, isDone) = ([String](), false, false)
        for line in old.map(String.init) {
            let trimmed = line.trimmed
            if trimmed.hasPrefix("["), trimmed.hasSuffix("]") {
                isInside = trimmed.dropFirst().dropLast().trimmed == name
                if isInside {
                    if !isDone { lines += section + [""] }
                    isDone = true
                }
            }
            if !isInside { lines.append(line) }
        }
        while lines.last?.isEmpty ?? false { lines.removeLast() }
        if !isDone { lines += (lines.isEmpty ? [] : [""]) + section }
        return lines.joined(separator: lineEnd) + lineEnd
    }

    private static func write(_ text: String, to path: FilePath) throws {
        // Create the new file with its final permissions, so that other users can never read the token.
        let new = FilePath(path.string + ".new")
        let file = try FileDescriptor.openOwn(new, .writeOnly)
        try file.closeAfter {
            try file.resize(to: 0)
            try file.writeAll(Array(text.utf8))
            try FileSystem.synchronize(file)
        }
        try FileSystem.rename(new, replacing: path)
        try FileSystem.synchronizeDirectory(path.removingLastComponent())
    }
}
