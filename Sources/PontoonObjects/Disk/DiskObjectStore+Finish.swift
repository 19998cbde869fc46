package import PontoonCore
import Synchronization
import SystemPackage

extension DiskObjectStore {
    @discardableResult
    package func finish(_ upload: Upload, parts: [PartRecord]) async throws -> FinishedObject {
        let (key, partSize) = (upload.key, upload.partSize)
        await uploads.shutOut(key)
        let isSettled = try await pool.run { [self] in
            if try Link.exists(layout.file(key)) { return try isAlone(key) }
            return try reportingFullDisk {
                try reportingLostParts {
                    try makeDurableFolder(layout.fileFolder(key))
                    switch Assembly(parts, partSize: partSize) {
                    case .inPlace(let pieces, let slotEnd, let size):
                        try layIn(pieces, slotEnd: slotEnd, size: size, key: key)
                    case .rewrite(let pieces, let size): try rewrite(pieces, size: size, key: key, partSize: partSize)
                    }
                    // The folders too: after a power cut a renamed file can be gone if only its bytes were synced.
                    if isDurable { try Folder.sync(layout.fileFolder(key)) }
                    return try isAlone(key)
                }
            }
        }
        // That no name is lost in between rests on the file system's journal, for which a rename is one step.
        if isDurable { try await uploadNames.sync() }
        return FinishedObject(joining: parts, isSettled: isSettled)
    }

    /// Whether nothing of the upload is left besides the object.
    private func isAlone(_ key: ObjectKey) throws -> Bool {
        try !Link.exists(layout.upload(key)) && !Link.exists(layout.sideFolder(key))
    }

    /// Makes a folder of finished objects whose name survives a power cut.
    private func makeDurableFolder(_ path: FilePath) throws {
        let isNew = try Folder.make(path)
        guard isDurable, isNew || !fileFolders.withLock({ $0.contains(path) }) else { return }
        try Folder.sync(layout.files)
        fileFolders.withLock { _ = $0.insert(path) }
    }

    package func reopen(_ key: ObjectKey) async throws {
        try await pool.run { [self] in
            guard try Link.exists(layout.file(key)) else { return }
            // A rewritten file is a copy and its upload is still there; any other is the upload itself.
            if try Link.exists(layout.upload(key)) {
                try Link.remove(layout.file(key))
            } else {
                try Link.rename(layout.file(key), to: layout.upload(key))
            }
            guard isDurable else { return }
            for folder in [layout.uploads, layout.fileFolder(key)] { try Folder.sync(folder) }
        }
    }

    package func settle(_ key: ObjectKey) async throws {
        try await pool.run { [layout] in
            try Link.remove(layout.upload(key))
            try Folder.remove(layout.sideFolder(key))
        }
    }

    /// Makes the upload's own file the object: nothing is copied but the parts that lie aside.
    private func layIn(_ pieces: [Assembly.Piece], slotEnd: Int64, size: Int64, key: ObjectKey) throws {
        // A file that lost its bytes must not come back as zeroes.
        let file = slotEnd > 0 ? try openExisting(layout.upload(key)) : try openOrCreate(layout.upload(key))
        try file.closeAfter {
            guard try file.size() >= slotEnd else { throw LostBytes() }
            for piece in pieces { try copy(piece, of: key, to: file, from: nil, partSize: 0) }
            let isLonger = try file.size() != size
            if isLonger { try file.truncate(to: size) }
            if isDurable, isLonger || !pieces.isEmpty { try file.syncData() }
        }
        try Link.rename(layout.upload(key), to: layout.file(key))
    }

    /// Copies all parts to a new file; the upload stays as it is until ``settle(_:)``.
    private func rewrite(_ pieces: [Assembly.Piece], size: Int64, key: ObjectKey, partSize: Int64) throws {
        try checkRoom(for: size, else: .storageFull)
        try Link.remove(layout.assembled(key))
        let target = try openOrCreate(layout.assembled(key))
        do {
            try target.closeAfter {
                let slots = try openExisting(layout.upload(key))
                try slots.closeAfter {
                    for piece in pieces { try copy(piece, of: key, to: target, from: slots, partSize: partSize) }
                }
                if isDurable { try target.syncData() }
            }
        } catch {
            try Link.remove(layout.assembled(key))
            throw error
        }
        try Link.rename(layout.assembled(key), to: layout.file(key))
    }

    private func openExisting(_ path: FilePath) throws -> DiskFile {
        try DiskFile.open(path, .readWrite, options: .closeOnExec)
    }

    /// Somebody took bytes from the folder behind our back: says so instead of making up a file.
    private func reportingLostParts<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch Errno.noSuchFileOrDirectory {
            throw Self.lost
        } catch is LostBytes {
            throw Self.lost
        }
    }

    private static var lost: PontoonError {
        PontoonError(.completeRefused, "The bytes of a stored part are missing; send the parts again.")
    }

    private func copy(
        _ piece: Assembly.Piece,
        of key: ObjectKey,
        to target: DiskFile,
        from slots: DiskFile?,
        partSize: Int64
    ) throws {
        if let slots, piece.part.place == .slot {
            let start = Assembly.slotOffset(piece.part.number, partSize: partSize)
            return try target.copy(from: slots, at: start, count: piece.part.size, to: piece.offset)
        }
        let side = try DiskFile.open(layout.side(piece.part.place, of: key), .readOnly, options: .closeOnExec)
        try side.closeAfter { try target.copy(from: side, at: 0, count: piece.part.size, to: piece.offset) }
    }
}
