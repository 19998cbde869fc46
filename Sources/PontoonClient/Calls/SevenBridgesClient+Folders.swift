extension SevenBridgesClient {
    /// Finds a project or folder, and creates the missing folders in its path, like `mkdir -p`.
    ///
    /// - Returns: The project or folder. The existence of a project, or of a folder given by its id, is not checked.
    /// - Throws: ``ClientError``, with code `.nameTaken` if a name in the path belongs to a file; ``APIError``, with
    ///   status 404 for folders in a project that does not exist.
    public func makeFolders(_ path: RemotePath) async throws -> UploadDestination {
        let (place, missing) = try await existingPart(of: path)
        return try await createFolders(missing, in: place)
    }

    /// Creates nested folders.
    ///
    /// - Parameters:
    ///   - names: Names of the folders, outermost first. Existing folders are used.
    ///   - place: The project or folder that contains the outermost one.
    /// - Returns: The innermost folder, or `place` if there are no names.
    /// - Throws: The same errors as ``makeFolders(_:)``.
    package func createFolders(_ names: [String], in place: UploadDestination) async throws -> UploadDestination {
        var place = place
        for name in names { place = .folder(try await createdFolder(name, in: place)) }
        return place
    }

    /// Finds the part of a path that exists.
    ///
    /// - Returns: The innermost project or folder that exists, and the names of the missing folders in it, outermost
    ///   first. As in ``makeFolders(_:)``, the existence of a project, or of a folder given by its id, is not checked.
    /// - Throws: The same errors as ``makeFolders(_:)``.
    package func existingPart(of path: RemotePath) async throws -> (place: UploadDestination, missing: [String]) {
        switch path {
        case .id(let id): return (.folder(id), [])
        case .path(let project, let names):
            var place = UploadDestination.project(project)
            for (index, name) in names.enumerated() {
                guard let id = try await existingFolder(name, in: place) else { return (place, Array(names[index...])) }
                place = .folder(id)
            }
            return (place, [])
        }
    }

    /// Returns the id of a folder, creating the folder if it does not exist.
    ///
    /// - Throws: `.nameTaken` if there is a file with that name; ``APIError``, ``ClientError``.
    func folder(_ name: String, in destination: UploadDestination) async throws -> String {
        if let id = try await existingFolder(name, in: destination) { return id }
        return try await createdFolder(name, in: destination)
    }

    /// Creates a folder and returns its id, or returns the id of an existing folder with that name.
    ///
    /// - Throws: `.nameTaken` if there is a file with that name; ``APIError``, ``ClientError``.
    private func createdFolder(_ name: String, in destination: UploadDestination) async throws -> String {
        do {
            return try await createFolder(name, in: destination).id
        } catch let error as APIError where error.status == 409 {
            // The folder exists already, or another client has just created it.
            guard let id = try await existingFolder(name, in: destination) else { throw error }
            return id
        }
    }

    /// Returns the id of a folder; `nil` if it does not exist.
    ///
    /// - Throws: `.nameTaken` if there is a file with that name; ``APIError``, ``ClientError``.
    func existingFolder(_ name: String, in destination: UploadDestination) async throws -> String? {
        guard let found = try await file(named: name, in: destination) else { return nil }
        guard found.isFolder else {
            throw ClientError(
                .nameTaken,
                "Cannot create the folder '\(name)': a file with that name exists.",
                advice: "Rename the file, or choose another name for the folder."
            )
        }
        return found.id
    }
}
