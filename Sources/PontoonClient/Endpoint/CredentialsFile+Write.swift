import Foundation
import Glibc
public import SystemPackage

extension CredentialsFile {
    /// Puts a profile into the file, in the place of an older one of that name; everything else stays as it is.
    ///
    /// Only the owner can read the file afterwards. Blocks.
    ///
    /// - Parameters:
    ///   - name: The section.
    ///   - endpoint: Address of the API.
    ///   - token: The user's token.
    ///   - path: The file; it and its folder are made when they are missing.
    /// - Throws: `.fileUnwritable`.
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
                "'\(path)' cannot be written: \(error.localizedDescription)",
                advice: "Check its permissions and those of its folder."
            )
        }
    }

    /// The text with one section replaced, or added at the end.
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
        // Never readable by others, not even for a moment: made with its permissions, then put in place.
        let new = FilePath(path.string + ".new")
        let file = try FileDescriptor.open(
            new,
            .writeOnly,
            options: [.create, .truncate, .closeOnExec],
            permissions: .ownerReadWrite
        )
        try file.closeAfter { _ = try file.writeAll(Array(text.utf8)) }
        guard rename(new.string, path.string) == 0 else { throw Errno(rawValue: errno) }
    }
}
