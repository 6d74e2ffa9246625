using FinIntent.ApiModels;

namespace FinIntent.Authoring;

/// <summary>Why no more requests were sent.</summary>
/// <param name="Failure">The endpoint's failure, when that was the reason.</param>
sealed record Stopped(string Reason, ApiFailure? Failure = null);

/// <summary>Asks what the journal has no answer to yet, within the limits.</summary>
/// <param name="isAsking">False sends nothing: what the journal has is all there is.</param>
sealed class Asker(Journal journal, Ledger ledger, TimeProvider time, bool isAsking)
{
    int _answered;

    public Journal Journal => journal;
    public Ledger Ledger => ledger;

    /// <summary>The number of this run's requests that were answered.</summary>
    public int Answered => _answered;

    /// <summary>Asks all, as many at once as the model takes; returns answers in the requests' order, null where there is none.</summary>
    /// <param name="keptFor">Returns what must be left besides for what request i and those before it lead to.</param>
    public async Task<(IReadOnlyList<JournalRecord?> Answers, Stopped? Stopped)> Ask(
        Author author, IReadOnlyList<AuthorRequest> requests, Func<int, Amount> keptFor, CancellationToken stop)
    {
        foreach (var request in requests) CheckSame(request);
        using var places = new SemaphoreSlim(author.AtOnce);
        List<(AuthorRequest Request, Task<Exception?> Task)> underWay = [];
        Stopped? stopped = null;
        try
        {
            foreach (var (i, request) in requests.Index())
            {
                if (journal.OutcomeOf(request.Id) is not null) continue;
                stopped = isAsking ? await Begin(author, request, keptFor(i), places, underWay, stop) : new("nothing is asked");
                if (stopped is not null) break;
            }
        }
        finally
        {
            // Whatever happens, none is left under way: the journal hears of each.
            await Task.WhenAll(underWay.Select(w => w.Task));
        }
        List<(AuthorRequest, Exception)> problems =
            [.. underWay.Where(w => w.Task.Result is not null).Select(w => (w.Request, w.Task.Result!))];
        stop.ThrowIfCancellationRequested();
        stopped = Judge(problems, underWay.Count) ?? stopped;
        return ([.. requests.Select(request => journal.OutcomeOf(request.Id))], stopped);
    }

    async Task<Stopped?> Begin(Author author, AuthorRequest request, Amount kept, SemaphoreSlim places,
        List<(AuthorRequest, Task<Exception?> Task)> underWay, CancellationToken stop)
    {
        await places.WaitAsync(stop);
        // A request that failed for good has said all there is to say about the others.
        var tasks = underWay.Select(w => w.Task).ToList();
        if (tasks.Find(task => task is { IsCompletedSuccessfully: true, Result: ApiFailure { IsFinal: true } }) is { } failed)
            return new(failed.Result!.Message, (ApiFailure)failed.Result);
        // Awaiting the requests throws what this one threw.
        if (tasks.Exists(task => task.IsFaulted)) return new("a request could not be asked");
        var most = author.Most(request);
        if (await ledger.Reserve(most, kept, stop) is { } limit) return new(limit);
        journal.Append(Sent(author, request, most));
        underWay.Add((request, Finish(author, request, most, places, stop)));
        return null;
    }

    /// <returns>Null, or what stood in the way.</returns>
    async Task<Exception?> Finish(Author author, AuthorRequest request, Amount most, SemaphoreSlim places, CancellationToken stop)
    {
        try
        {
            var answer = await author.Ask(request, failure => Again(author, request, most, failure), stop);
            var taken = author.Taken(answer, most);
            journal.Append(new(JournalKind.Answer, request.Id, time.GetUtcNow())
            {
                Text = answer.Text,
                Finish = answer.Finish,
                InputTokens = answer.InputTokens,
                OutputTokens = answer.OutputTokens,
                Seconds = Math.Round(answer.Time.TotalSeconds, 3),
                Cost = author.Price is null ? null : taken.Cost,
                Tokens = taken.Tokens,
            });
            ledger.Settle(most, taken);
            Interlocked.Increment(ref _answered);
            return null;
        }
        catch (ApiFailure failure)
        {
            if (!failure.MayBeCharged) journal.Append(new(JournalKind.Free, request.Id, time.GetUtcNow()) { Reason = failure.Message });
            ledger.Settle(most, failure.MayBeCharged ? most : default);
            return failure;
        }
        catch (OperationCanceledException e)
        {
            ledger.Settle(most, most);
            return e;
        }
        catch (LimitReachedException e)
        {
            return e; // it was settled where it was thrown
        }
        catch (Exception e)
        {
            // There is no answer and no charge, as for a prompt that a local model cannot read. It ends the run; the next one asks it
            // again.
            journal.Append(new(JournalKind.Free, request.Id, time.GetUtcNow()) { Reason = e.Message });
            ledger.Settle(most, default);
            throw;
        }
        finally
        {
            places.Release();
        }
    }

    void Again(Author author, AuthorRequest request, Amount most, ApiFailure failure)
    {
        if (!failure.MayBeCharged) return;
        if (ledger.ReserveAgain(most) is { } limit) throw new LimitReachedException(limit);
        journal.Append(Sent(author, request, most));
    }

    /// <summary>Goes on without requests whose attempts are used up, when others were answered: later rounds ask again.</summary>
    /// <remarks>When none was answered, the endpoint counts as down.</remarks>
    Stopped? Judge(List<(AuthorRequest Request, Exception Problem)> problems, int asked)
    {
        if (problems.Select(p => p.Problem).OfType<ApiFailure>().OrderByDescending(f => f.IsFinal).FirstOrDefault() is { } failure
            && (failure.IsFinal || problems.Count == asked)) return new(failure.Message, failure);
        foreach (var (request, problem) in problems.Where(p => p.Problem is ApiFailure))
            journal.Append(new(JournalKind.Failed, request.Id, time.GetUtcNow()) { Reason = problem.Message });
        return problems.Select(p => p.Problem).OfType<LimitReachedException>().FirstOrDefault() is { } limit ? new(limit.Message) : null;
    }

    /// <summary>Requires that a request that was sent before is the same now, or the journal would answer another question.</summary>
    void CheckSame(AuthorRequest request)
    {
        if (journal.SentOf(request.Id) is { } sent && sent.PromptSha256 != request.Sha256)
            throw new UserErrorException($"journal.jsonl: request {request.Id} had other words when it was sent ({sent.Time:u}); " +
                "another version of the program wrote it, or the file was edited. " +
                "Set overwrite_output_dir: true to start anew, or name another output_dir");
    }

    JournalRecord Sent(Author author, AuthorRequest request, Amount most) => new(JournalKind.Sent, request.Id, time.GetUtcNow())
    {
        Model = author.Name,
        Prompt = request.Prompt,
        PromptSha256 = request.Sha256,
        System = request.Conversation.System,
        User = request.User,
        Questions = request.Questions,
        Cost = author.Price is null ? null : most.Cost,
        Tokens = most.Tokens,
    };

    /// <summary>Another attempt does not fit into the limits.</summary>
    sealed class LimitReachedException(string limit) : Exception(limit);
}
