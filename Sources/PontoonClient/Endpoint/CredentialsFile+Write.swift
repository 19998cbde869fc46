import Foundation
public import SystemPackage

extension CredentialsFile {
    /// Adds or replaces a profile and leaves the other profiles unchanged; blocks.
    ///
    /// The file is replaced atomically. Afterwards, only its owner can read it.
    ///
    /// - Parameters:
    ///   - name: Name of the profile.
    ///   - endpoint: URL of the API.
    ///   - token: The user's token.
    ///   - path: Path of the file. A missing file or folder is created.
    /// - Throws: ``ClientError`` with code `.fileUnwritable`.
    public static func save(_ name: String, endpoint: Endpoint, token: AuthToken, to path: FilePath) throws {
        do {
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
                "Cannot write '\(path)': \(error.localizedDescription)",
                advice: "Check its permissions and those of its folder."
            )
        }
    }

    /// Replaces a section of the text, or adds it at the end.
    static func replacing(_ name: String, in text: String, by section: [String]) -> String {
        var (lines, isInside, isDone) = ([String](), false, false)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            let trimmed = line.trimmingCharacters(in: .whitespaces)
            if trimmed.hasPrefix("["), trimmed.hasSuffix("]") {
                isInside = trimmed.dropFirst().dropLast().trimmingCharacters(in: .whitespaces) == name
                if isInside {
                    if !isDone { lines += section + [""] }
                    isDone = true
                }
            }
            if !isInside { lines.append(line) }
        }
        while lines.last?.isEmpty ?? false { lines.removeLast() }
        if !isDone { lines += (lines.isEmpty ? [] : [""]) + section }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func write(_ text: String, to path: FilePath) throws {
        // Other users must never be able to read the token: the new file has its final permissions from the start.
        let new = FilePath(path.string + ".new")
        let file = try FileDescriptor.open(
            new,
            .writeOnly,
            options: [.create, .truncate, .closeOnExec],
            permissions: .ownerReadWrite
        )
        try file.closeAfter { _ = try file.writeAll(Array(text.utf8)) }
        try FileSystem.rename(new, replacing: path)
    }
}
