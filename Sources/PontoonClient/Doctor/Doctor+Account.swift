import PontoonFoundation

extension Doctor {
    /// Checks the token and the remaining calls under its rate limit.
    ///
    /// - Returns: Whether the token is valid; `false` also if this could not be determined.
    func checkToken(_ client: SevenBridgesClient, _ run: DiagnosticRun) async -> Bool {
        guard let (user, time) = await run.attempt(.token, { try await client.user() }) else { return false }
        run.note(
            .token,
            .good,
            "The token from \(credentials.source) belongs to \(user.username).",
            time: time
        )
        checkRateLimit(client.rateLimit, run)
        return true
    }

    private func checkRateLimit(_ rate: RateLimitState?, _ run: DiagnosticRun) {
        // A limit of thousands of calls per second does not slow down any transfer.
        guard let rate, rate.limit > 0, rate.limit < 1_000_000 else {
            return run.note(.calls, .good, "There is no rate limit.")
        }
        let message = "\(rate.remaining) of \(rate.limit) calls remain until \(rate.reset.formatted(.iso8601))."
        if rate.remaining >= rate.limit / 10 {
            run.note(.calls, .good, message)
        } else {
            let advice = "Transfers wait until the limit resets. Give every program its own token."
            run.note(.calls, .warning, message, advice: advice)
        }
    }

    /// Lists the user's projects and checks the permissions in the project for the test transfer.
    ///
    /// - Returns: The project for the test transfer; `nil` if none was specified and the user does not have exactly one
    ///   project, if the user may not write to the project, or if a request failed.
    func checkProjects(_ client: SevenBridgesClient, _ run: DiagnosticRun) async -> String? {
        guard let (page, time) = await run.attempt(.projects, { try await client.projects() }) else {
            return nil
        }
        let names = page.items.prefix(3).map(\.id).joined(separator: ", ")
        let more = page.items.count > 3 || page.hasNext ? ", …" : ""
        let count = page.hasNext ? "more than \(page.items.count)" : "\(page.items.count)"
        if page.items.isEmpty {
            run.note(
                .projects,
                .warning,
                "You are not a member of any project.",
                advice: "Create a project, or ask a project admin to add you.",
                time: time
            )
        } else {
            run.note(.projects, .good, "Projects: \(count) (\(names)\(more)).", time: time)
        }
        guard let project = options.project ?? (page.items.count == 1 ? page.items[0].id : nil) else {
            guard !page.items.isEmpty else { return nil }
            run.note(
                .upload,
                .warning,
                "The test transfer was skipped because you have several projects.",
                advice: "Choose one with 'pontoon doctor --project \(page.items[0].id)'."
            )
            return nil
        }
        return await checkPermissions(project, client, run) ? project : nil
    }

    private func checkPermissions(_ id: String, _ client: SevenBridgesClient, _ run: DiagnosticRun) async -> Bool {
        guard let (project, _) = await run.attempt(.permissions, { try await client.project(id) }) else {
            return false
        }
        let permissions = project.permissions
        guard permissions?.write ?? true else {
            let error = ClientError(.notAllowed, "no permission to write")
            run.note(
                .permissions,
                options.project == nil ? .warning : .bad,
                "You may not upload to \(id).",
                advice: "Ask a project admin for the 'write' permission.",
                error: error
            )
            return false
        }
        guard permissions?.copy ?? true else {
            run.note(
                .permissions,
                .warning,
                "You may upload to \(id), but not download from it.",
                advice: "To download, ask a project admin for the 'copy' permission."
            )
            return true
        }
        run.note(.permissions, .good, "You may upload to \(id) and download from it.")
        return true
    }
}
