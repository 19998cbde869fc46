import Foundation
import PontoonCore
import PontoonObjects
import SystemPackage

/// A directory with the backup of one service, locked for writing.
///
///     manifest.json          describes the backup
///     pontoon.sqlite         all records; a new backup takes effect when a rename replaces this file
///     pontoon.sqlite.new     records of a backup that is not complete yet
///     objects/files/KK/KEY   objects, shared by the current backup and the next one
///     objects/incoming/      copies that are not complete yet
///     credentials            the first user's credentials file, if the data directory has one
///     lock                   locked by the process that writes the backup
struct BackupDirectory {
    let path: FilePath
    let handle: DirectoryHandle
    private let lock: FileDescriptor

    static let database = "pontoon.sqlite"
    static let draft = "pontoon.sqlite.new"
    static let objects = "objects"
    static let credentials = "credentials"
    static let lockName = "lock"
    /// Suffixes of the files that SQLite creates next to a database.
    static let companions = ["-wal", "-shm", "-journal"]

    /// Opens and locks the backup directory of a service, and creates it if it does not exist.
    ///
    /// - Parameters:
    ///   - path: The directory. Its parent must exist.
    ///   - manifest: Describes the service.
    ///   - data: The service's data directory, which must not contain the backup.
    /// - Returns: The locked directory; ``close()`` unlocks it.
    /// - Throws: ``SettingError`` if the directory is inside the data directory, cannot be created, is not empty but
    ///   contains no backup of this service, has been used as a data directory, is in use by another process, or is not
    ///   writable.
    static func open(_ path: FilePath, for manifest: BackupManifest, data: FilePath?) throws -> BackupDirectory {
        let handle: DirectoryHandle
        do {
            try refuse(insideOf: data, parent(of: path))
            try createDirectory(path)
            try refuse(insideOf: data, path)
            handle = try DirectoryHandle.open(path)
        } catch let error as Errno {
            throw SettingError("cannot open the backup directory '\(path)': \(error); check its path and permissions")
        }
        try checkContent(of: handle, path, for: manifest)
        let lock: FileDescriptor
        do {
            try handle.makePrivate()
            lock = try handle.lock(lockName)
        } catch Errno.wouldBlock {
            throw SettingError("another process is using the backup directory '\(path)'; wait until it has finished")
        } catch let error as Errno {
            throw SettingError("cannot write to the backup directory '\(path)': \(error); check its permissions")
        }
        let directory = BackupDirectory(path: path, handle: handle, lock: lock)
        do {
            // Another process may have created a backup before this process acquired the lock.
            let existing = try checkContent(of: handle, path, for: manifest)
            if existing == nil { try manifest.write(to: handle) }
            try directory.removeDraft()
            return directory
        } catch {
            try lock.close()
            throw error
        }
    }

    /// Removes the records of an incomplete backup, and unlocks the directory.
    func close() throws {
        // If this fails, the next run removes the records.
        try? removeDraft()
        try lock.close()
    }

    /// Removes the records of an incomplete backup.
    func removeDraft() throws {
        for suffix in [""] + Self.companions { try handle.remove(Self.draft + suffix) }
    }

    /// Path of the database of the backup that is being created.
    var draftPath: String { path.appending(Self.draft).string }

    /// Replaces the records of the previous backup with those at ``draftPath``, and then the manifest.
    ///
    /// When this function returns, the new backup is durable.
    func publish(_ manifest: BackupManifest) throws {
        try handle.syncFile(Self.draft)
        try handle.rename(Self.draft, to: handle, as: Self.database)
        try handle.sync()
        // After a crash, the manifest may be older than the records. Only its time and counts are then wrong.
        try manifest.write(to: handle)
    }

    /// Checks that the directory is empty, or contains a backup of the same service that was not used as a data
    /// directory.
    ///
    /// - Returns: The manifest; `nil` if the directory is empty.
    /// - Throws: ``SettingError`` if neither is the case.
    @discardableResult
    private static func checkContent(
        of handle: DirectoryHandle,
        _ path: FilePath,
        for manifest: BackupManifest
    ) throws -> BackupManifest? {
        guard let existing = try BackupManifest.read(from: handle, at: path.string) else {
            let ignored = [lockName, BackupManifest.name + ".new", "lost+found"]
            guard try handle.entries().allSatisfy(ignored.contains) else {
                throw SettingError(
                    "the directory '\(path)' is not empty and contains no backup; choose an empty directory"
                )
            }
            return nil
        }
        guard existing.service == manifest.service else {
            throw SettingError(
                "the directory '\(path)' contains a backup of another service; choose another directory"
            )
        }
        if let log = try handle.status(database + "-wal"), log.size > 0 {
            throw SettingError(
                "the backup in '\(path)' has been used as a data directory; choose another directory"
            )
        }
        return existing
    }

    private static func createDirectory(_ path: FilePath) throws {
        guard mkdir(path.string, 0o700) == 0 else {
            let error = Errno(rawValue: errno)
            guard error == .fileExists else { throw error }
            return
        }
        try DurableFile.syncDirectory(parent(of: path))
    }

    private static func parent(of path: FilePath) -> FilePath {
        let parent = path.removingLastComponent()
        return parent.isEmpty ? "." : parent
    }

    private static func refuse(insideOf data: FilePath?, _ path: FilePath) throws {
        guard let data, try contains(data, path) else { return }
        throw SettingError("the backup directory is inside the data directory '\(data)'; choose another directory")
    }

    /// Returns whether a path, after its symbolic links are resolved, is the directory `outer` or is inside it.
    ///
    /// - Throws: `Errno` if a directory does not exist or is not accessible.
    static func contains(_ outer: FilePath, _ path: FilePath) throws -> Bool {
        let outer = try FileStatus.following(outer)
        var current = FilePath(URL(filePath: path.string).resolvingSymlinksInPath().path)
        while true {
            let status = try FileStatus.following(current)
            if status.device == outer.device, status.inode == outer.inode { return true }
            guard current.removeLastComponent(), !current.isEmpty else { return false }
        }
    }
}
