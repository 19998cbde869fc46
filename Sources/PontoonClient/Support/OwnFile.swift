import PontoonFoundation
import SystemPackage

/// The error for a symbolic link, a special file or a file with several hard links at the path of one of the client's
/// own files, such as a journal.
struct ForeignFile: LocalizedError, CustomStringConvertible {
    let description = "it is a link or a special file, so writing to it could damage another file"
    var errorDescription: String? { description }
}

extension FileDescriptor {
    /// Opens or creates a file in which the client keeps its own data, such as a journal.
    ///
    /// Other users may be able to create files in the same folder. Therefore, symbolic links are not followed, a file
    /// with several hard links is refused, and opening a named pipe does not block.
    ///
    /// - Parameters:
    ///   - path: Path of the file.
    ///   - mode: Access mode.
    ///   - options: Additional options for opening the file.
    ///   - permissions: Permissions of a new file.
    /// - Returns: The open file.
    /// - Throws: ``ForeignFile`` for a symbolic link, a special file or a file with several hard links; any `Errno`.
    static func openOwn(
        _ path: FilePath,
        _ mode: AccessMode,
        options: OpenOptions = [],
        permissions: FilePermissions = .ownerReadWrite
    ) throws -> FileDescriptor {
        let descriptor: FileDescriptor
        do {
            descriptor = try open(
                path,
                mode,
                options: options.union([.create, .closeOnExec, .noFollow, .nonBlocking]),
                permissions: permissions
            )
        } catch Errno.tooManySymbolicLinkLevels {
            throw ForeignFile()
        }
        do {
            let status = try FileStatus(descriptor)
            guard status.kind == .file, status.links <= 1 else { throw ForeignFile() }
            return descriptor
        } catch {
            try descriptor.close()
            throw error
        }
    }
}
