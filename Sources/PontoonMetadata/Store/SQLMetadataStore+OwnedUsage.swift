package import PontoonCore

extension SQLMetadataStore {
    package func usages(
        ofProjectsOwnedBy owner: String,
        in projects: Set<ProjectID>?,
        page: Page
    ) async throws -> Listing<ProjectUsage> {
        if let projects, projects.isEmpty { return Listing(items: [], total: 0) }
        let defaults = defaultQuotas
        return try await read { connection in
            var selection = SQLBuilder(" WHERE projects.owner = ")
            selection.append(value: owner)
            if let projects {
                selection.append(" AND projects.id IN ")
                selection.append(list: projects.sorted { $0.description < $1.description })
            }
            var count = selection
            count.wrap("SELECT COUNT(*) AS total FROM projects", "")
            let total = try connection.query(count).first?.count("total") ?? 0
            guard let window = PageWindow(page, of: total) else { return Listing(items: [], total: total) }
            let order = "ORDER BY projects.id\(window.isBackward ? " DESC" : "")"
            selection.wrap("\(projectsWithUsage) \(projectQuotas)", " GROUP BY projects.id \(order)")
            selection.append(window)
            let rows = window.inOrder(try connection.query(selection))
            return Listing(items: try rows.map { try $0.projectUsage(defaults) }, total: total)
        }
    }
}
