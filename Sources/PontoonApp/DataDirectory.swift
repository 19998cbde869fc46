import Foundation
import PontoonCore
import PontoonMetadata
import PontoonObjects
import SystemPackage

/// Functions for the data directory, which contains the first user's credentials, and the database and the objects
/// unless they are in PostgreSQL or S3.
enum DataDirectory {
    /// Creates the directory and its missing parents if necessary, and checks that the directory is writable.
    ///
    /// Only the owner can access new directories.
    ///
    /// - Throws: ``SettingError`` if the directory cannot be created or is not writable.
    static func create(_ path: FilePath) throws {
        do {
            try createWithParents(path)
        } catch let error as Errno {
            throw SettingError(.data, "cannot create the directory '\(path)': \(error); choose another directory")
        }
        guard access("\(path)/.", R_OK | W_OK | X_OK) == 0 else {
            throw SettingError(
                .data,
                "cannot write to the directory '\(path)': \(Errno(rawValue: errno)); check its owner and permissions"
            )
        }
    }

    /// Locks the directory against other processes until the returned file is closed.
    ///
    /// If another process has locked the directory, this function waits about a second for it to release the lock.
    ///
    /// - Throws: ``SettingError`` if another process has locked the directory, or it cannot be locked.
    static func lock(_ path: FilePath) throws -> FileDescriptor {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(
                path.appending("lock"),
                .readWrite,
                options: [.create, .closeOnExec],
                permissions: .ownerReadWrite
            )
        } catch let error as Errno {
            throw SettingError(
                .data,
                "cannot open the lock file in the directory '\(path)': \(error); check the directory's owner and permissions"
            )
        }
        do {
            if try FileLock.acquire(file) { return file }
        } catch {
            try file.close()
            throw SettingError(
                .data,
                "cannot lock the directory '\(path)': \(error); use a file system that supports file locks"
            )
        }
        try file.close()
        throw SettingError(.data, "another process is using the directory '\(path)'; stop it first")
    }

    /// Returns the random identifier of the directory, and creates it if it does not exist.
    ///
    /// - Throws: ``SettingError`` if the identifier exists but cannot be read; `Errno` if it cannot be written.
    static func identity(_ path: FilePath) throws -> String {
        let file = path.appending("id")
        if try exists(file) {
            guard let text = FileManager.default.contents(atPath: file.string) else {
                throw SettingError(.data, "cannot read '\(file)'; check its permissions")
            }
            return String(decoding: text, as: UTF8.self)
        }
        let identity = Identifiers.hex(bytes: 8)
        try DurableFile.replace(file, with: identity)
        return identity
    }

    /// Returns whether the directory has an identifier.
    ///
    /// - Throws: ``SettingError`` if the directory is not accessible.
    static func hasIdentity(_ path: FilePath) throws -> Bool { try exists(path.appending("id")) }

    /// Returns whether the data directory, or a file or directory in it, exists.
    ///
    /// - Throws: ``SettingError`` if the directory is not accessible, most likely because the process runs neither as
    ///   root nor as the user that runs the server.
    static func exists(_ path: FilePath) throws -> Bool { try exists(path, .data) }

    /// Returns whether the file or directory named by a setting exists.
    ///
    /// - Throws: ``SettingError`` for the setting if the path is not accessible.
    static func exists<Value>(_ path: FilePath, _ setting: Setting<Value>) throws -> Bool {
        var status = stat()
        if stat(path.string, &status) == 0 { return true }
        let error = Errno(rawValue: errno)
        if [.noSuchFileOrDirectory, .notDirectory].contains(error) { return false }
        throw SettingError(
            setting,
            "cannot access '\(path)': \(error); run the program as root or as the user that runs the server"
        )
    }

    private static func createWithParents(_ path: FilePath) throws {
        let parent = path.removingLastComponent()
        guard mkdir(path.string, 0o700) != 0 else { return try syncIfReadable(parent) }
        switch Errno(rawValue: errno) {
        case .fileExists: return
        case .noSuchFileOrDirectory where !parent.isEmpty:
            try createWithParents(parent)
            guard mkdir(path.string, 0o700) == 0 else { throw Errno(rawValue: errno) }
        case let error: throw error
        }
        try syncIfReadable(parent)
    }

    /// Syncs the parent of a new directory, so that the new directory is durable.
    ///
    /// Does nothing if the process lacks the permission to open the parent.
    private static func syncIfReadable(_ parent: FilePath) throws {
        do { try DurableFile.syncDirectory(parent) } catch Errno.permissionDenied {}
    }
}

extension Settings {
    /// Returns whether the data directory contains an SQLite database.
    ///
    /// - Throws: ``SettingError`` if the directory is not accessible.
    func hasDatabase() throws -> Bool { try DataDirectory.exists(FilePath(sqlite.path)) }

    /// The error for a command that needs an SQLite database but finds none.
    var missingDatabase: SettingError {
        let path = FilePath(FileManager.default.currentDirectoryPath).pushing(data)
        return SettingError(
            .data,
            "the directory '\(path)' contains no database; pass the server's --data, or start the server first"
        )
    }
}
