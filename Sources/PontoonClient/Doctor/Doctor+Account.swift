import Foundation

extension Doctor {
    /// The token, and its limit of calls.
    ///
    /// - Returns: Whether it is good.
    func meetUser(_ client: SevenBridgesClient, _ run: DiagnosticRun) async -> Bool {
        guard let (user, time) = await run.attempt(.token, { try await client.user() }) else { return false }
        run.note(
            .token,
            .good,
            "The token, from \(credentials.source), is that of \(user.username).",
            time: time
        )
        judgeCalls(client.rateLimit, run)
        return true
    }

    private func judgeCalls(_ budget: RateLimitState?, _ run: DiagnosticRun) {
        // What allows thousands of calls a second is no limit.
        guard let budget, budget.limit > 0, budget.limit < 1_000_000 else {
            return run.note(.calls, .good, "There is no limit of calls to speak of.")
        }
        let message = "\(budget.remaining) of \(budget.limit) calls are left until \(budget.reset.formatted(.iso8601))."
        if budget.remaining >= budget.limit / 10 {
            run.note(.calls, .good, message)
        } else {
            let advice = "Transfers wait for it. Something else may be using this token: give each its own."
            run.note(.calls, .warning, message, advice: advice)
        }
    }

    /// The projects, and what the caller may do in the one that is to be used.
    ///
    /// - Returns: A project into which a file may be uploaded; `nil` when there is none, or too many to choose from.
    func findProject(_ client: SevenBridgesClient, _ run: DiagnosticRun) async -> String? {
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
                "The token's user is in no project.",
                advice: "Make a project, or ask an admin of one to add you.",
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
                "Upload and download were not tried: there are several projects.",
                advice: "Choose one: pontoon doctor --project \(page.items[0].id)"
            )
            return nil
        }
        return await judgeRights(project, client, run) ? project : nil
    }

    private func judgeRights(_ id: String, _ client: SevenBridgesClient, _ run: DiagnosticRun) async -> Bool {
        guard let (project, _) = await run.attempt(.permissions, { try await client.project(id) }) else {
            return false
        }
        let rights = project.permissions
        guard rights?.write ?? true else {
            let error = ClientError(.requestInvalid, "no right to write")
            run.note(
                .permissions,
                options.project == nil ? .warning : .bad,
                "In \(id) you may not upload.",
                advice: "Ask an admin of the project for 'write'.",
                error: error
            )
            return false
        }
        guard rights?.copy ?? true else {
            run.note(
                .permissions,
                .warning,
                "In \(id) you may upload, not download.",
                advice: "If you are to download, ask an admin of the project for 'copy'."
            )
            return true
        }
        run.note(.permissions, .good, "In \(id) you may upload and download.")
        return true
    }
}
