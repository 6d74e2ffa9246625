using FinIntent.Intents;

namespace FinIntent.Evaluation;

/// <summary>A model that answers lists of questions, on this machine or behind an API.</summary>
/// <remarks>Each answer is on disk at once, a later run asks for what is missing, and a finished file is in order.</remarks>
abstract class Respondent : IDisposable
{
    static readonly IReadOnlyDictionary<string, Prediction> Nothing = new Dictionary<string, Prediction>();

    /// <param name="known">Answers that need not be asked for, by the question's id.</param>
    /// <param name="onKept">It is called when answers are on disk, with them and with how many there are in all.</param>
    /// <returns>The predictions of all questions, in order.</returns>
    /// <exception cref="UserErrorException">The file is of another run, or a question has no answer.</exception>
    public IReadOnlyList<Prediction> Answer(IReadOnlyList<AskedQuestion> questions, PredictionRun run,
        Action<IReadOnlyList<Prediction>, int>? onKept = null, IReadOnlyDictionary<string, Prediction>? known = null,
        CancellationToken stop = default)
    {
        List<Prediction> inOrder;
        bool isInOrder;
        using (var file = PredictionFile.Open(run.File, run.Identity, run.Overwrite))
        {
            var answers = new Answers(questions, run, file, onKept);
            if (known is not null) answers.Keep([.. questions.Where(q => known.ContainsKey(q.Id)).Select(q => known[q.Id])], isNew: false);
            if (answers.Count < questions.Count) Ask(answers, known ?? Nothing, stop);
            (inOrder, isInOrder) = answers.InOrder();
        }
        if (!isInOrder) PredictionFile.Rewrite(run.File, inOrder);
        return inOrder;
    }

    /// <summary>Asks for the answers that are not there, and keeps each as it comes.</summary>
    /// <param name="known">Questions that are not asked, whatever is on disk.</param>
    protected abstract void Ask(Answers answers, IReadOnlyDictionary<string, Prediction> known, CancellationToken stop);

    public abstract void Dispose();

    /// <summary>The answers to a list of questions, as far as they are on disk. Several threads may use it.</summary>
    protected sealed class Answers
    {
        readonly PredictionFile _file;
        readonly Action<IReadOnlyList<Prediction>, int>? _onKept;
        readonly Dictionary<string, Prediction> _done;
        readonly Lock _lock = new();

        public Answers(IReadOnlyList<AskedQuestion> questions, PredictionRun run, PredictionFile file,
            Action<IReadOnlyList<Prediction>, int>? onKept)
        {
            (Questions, Run, _file, _onKept) = (questions, run, file, onKept);
            _done = file.DoneOf(questions.Select(q => (q.Id, q.Question)));
        }

        public IReadOnlyList<AskedQuestion> Questions { get; }
        public PredictionRun Run { get; }

        public int Count
        {
            get { lock (_lock) return _done.Count; }
        }

        public bool Has(AskedQuestion question)
        {
            lock (_lock) return _done.ContainsKey(question.Id);
        }

        /// <summary>Keeps those that are not kept yet.</summary>
        /// <param name="isNew">False: they were known before, and nobody is told of them.</param>
        public void Keep(IReadOnlyList<Prediction> predictions, bool isNew = true)
        {
            lock (_lock)
            {
                List<Prediction> missing = [.. predictions.Where(p => !_done.ContainsKey(p.Id))];
                if (missing.Count == 0) return;
                _file.Append(missing);
                foreach (var prediction in missing) _done.Add(prediction.Id, prediction);
                if (isNew) _onKept?.Invoke(missing, _done.Count);
            }
        }

        public (List<Prediction> All, bool IsInOrder) InOrder() =>
            ([.. Questions.Select(q => _done[q.Id])], _done.Keys.SequenceEqual(Questions.Select(q => q.Id)));
    }
}
