extension SevenBridgesClient {
    /// Finds a project or folder, and creates the folders of its path that do not exist, like `mkdir -p`.
    ///
    /// - Returns: The project, whose existence is not checked, or the folder; for an id, the folder with this id, whose
    ///   existence is not checked.
    /// - Throws: ``ClientError``, with code `.nameTaken` if a name in the path is that of a file; ``APIError``, with
    ///   status 404 for names in an unknown project.
    public func makeFolders(_ path: RemotePath) async throws -> UploadDestination {
        let (place, missing) = try await existingPart(of: path)
        return try await createFolders(missing, in: place)
    }

    /// Creates nested folders.
    ///
    /// - Parameters:
    ///   - names: Names of the folders, outermost first; existing folders are used.
    ///   - place: The project or folder that contains the first one.
    /// - Returns: The last folder; `place` without names.
    /// - Throws: The same errors as ``makeFolders(_:)``.
    package func createFolders(_ names: [String], in place: UploadDestination) async throws -> UploadDestination {
        var place = place
        for name in names { place = .folder(try await createdFolder(name, in: place)) }
        return place
    }

    /// Finds the innermost project or folder of a path that exists.
    ///
    /// - Returns: The project or folder, as in ``makeFolders(_:)``, and the names of the folders in it that do not
    ///   exist, outermost first.
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

    /// Creates a folder that did not exist a moment ago, and returns its id, even if another client creates it first.
    ///
    /// - Throws: `.nameTaken` if a file has the name by now; ``APIError``, ``ClientError``.
    private func createdFolder(_ name: String, in destination: UploadDestination) async throws -> String {
        do {
            return try await createFolder(name, in: destination).id
        } catch let error as APIError where error.status == 409 {
            // Another client created the folder at the same time.
            guard let id = try await existingFolder(name, in: destination) else { throw error }
            return id
        }
    }

    /// Returns the id of a folder; `nil` if it does not exist.
    ///
    /// - Throws: `.nameTaken` if there is a file with that name.
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
