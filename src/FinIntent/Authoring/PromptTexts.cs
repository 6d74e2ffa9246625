using FinIntent.Intents;

namespace FinIntent.Authoring;

/// <summary>Holds the prompts' sentences in a schema's language. A change needs another Version: answers belong to their words.</summary>
sealed record PromptTexts
{
    public const int Version = 1;

    public required string Language { get; init; }
    public required string WriterRole { get; init; }
    public required string Task { get; init; }
    public required string AllIntents { get; init; }
    public required string Colon { get; init; }
    public required string OnlyIntent { get; init; }
    public required string Rules { get; init; }
    public required string Examples { get; init; }
    public required string Demands { get; init; }
    public required string Count { get; init; }
    public required string LengthPart { get; init; }
    public required string Characters { get; init; }
    public required string Words { get; init; }
    public required string Style { get; init; }
    public required string Form { get; init; }
    public required string Variety { get; init; }
    public required string Avoid { get; init; }
    public required string Answer { get; init; }
    public required string JudgeRole { get; init; }
    public required string JudgeTask { get; init; }
    public required string NoIntent { get; init; }
    public required string Questions { get; init; }
    public required string JudgeAnswer { get; init; }
    public required IReadOnlyList<string> Styles { get; init; }

    public static PromptTexts Of(SchemaLanguage language) => language == SchemaLanguage.Chinese ? Chinese : English;

    /// <summary>The fixed sentences: a question that contains one of them is no question of a user.</summary>
    public IEnumerable<string> Sentences =>
        [WriterRole, Task, AllIntents, Rules, Examples, Demands, Form, Variety, Avoid, JudgeRole, JudgeTask];

    static PromptTexts Chinese { get; } = new()
    {
        Language = "zh",
        WriterRole = "你为意图识别编写训练数据：像真实用户那样提问。",
        Task = "请编写用户会说的问句，用来训练意图分类。",
        AllIntents = "全部意图：",
        Colon = "：",
        OnlyIntent = "这一次只写一种意图：{0}",
        Rules = "与相邻意图的边界：",
        Examples = "这一意图的例子（不要照抄，也不要改写）：",
        Demands = "要求：",
        Count = "共 {0} 条；长度按{1}计：{2}。",
        LengthPart = "{0} 的 {1} 条",
        Characters = "字数（含标点）",
        Words = "词数",
        Style = "口吻：{0}。",
        Form = "每条只有一行，是用户自己的话；不写意图名称、选项字母、编号、解释。",
        Variety = "对象、话题、句式彼此不同，有容易与相邻意图混淆的，也有一看就懂的。",
        Avoid = "下面这些已经有了，不要重复，也不要只换一两个词：",
        Answer = "只输出一个 JSON 数组，不要别的文字。每个元素的形式：{{\"question\": \"问句\", \"intent\": \"{0}\"}}",
        JudgeRole = "你是细心的标注员：按定义判断用户问句属于哪种意图。",
        JudgeTask = "请判断每个问句属于下面哪种意图。看问的是什么，不看出现了什么词。",
        NoIntent = "以上都不是",
        Questions = "问句：",
        JudgeAnswer = "只输出一个 JSON 数组，每个问句一个元素，不要别的文字。形式：{{\"n\": 编号, \"intent\": \"意图名称，或 {0}\", \"reason\": \"一句话的理由\"}}",
        Styles =
        [
            "随口一问，很短，像在搜索框里打字，少用标点", "口语，像和客服聊天，可以有语气词", "新手，不懂术语，说得绕或不准",
            "有经验的用户，用行话和简称", "正式、完整、书面", "赶时间，有错别字或漏字，但仍看得懂",
        ],
    };

    static PromptTexts English { get; } = new()
    {
        Language = "en",
        WriterRole = "You write training data for intent detection: you ask as real users do.",
        Task = "Write messages that users would send, to train an intent classifier.",
        AllIntents = "All intents:",
        Colon = ": ",
        OnlyIntent = "This time write for one intent only: {0}",
        Rules = "Where it ends and its neighbours begin:",
        Examples = "Examples of this intent (neither copy nor reword them):",
        Demands = "Demands:",
        Count = "{0} messages in all; lengths in {1}: {2}.",
        LengthPart = "{1} of {0}",
        Characters = "characters",
        Words = "words",
        Style = "Voice: {0}.",
        Form = "Each is one line in the user's own words, without the intent's name, option letters, numbers in front or explanations.",
        Variety = "Subjects and ways to ask differ; some are easily taken for a neighbouring intent, some are plain.",
        Avoid = "These are there already; do not repeat them, not even with a word or two changed:",
        Answer = "Answer with one JSON array and nothing else. " +
            "Each element has the form {{\"question\": \"the message\", \"intent\": \"{0}\"}}",
        JudgeRole = "You are a careful annotator: you decide by the definitions which intent a user's message has.",
        JudgeTask = "Decide for each message which of these intents it has. What is asked for decides, not the words that occur.",
        NoIntent = "none of these",
        Questions = "Messages:",
        JudgeAnswer = "Answer with one JSON array, an element for each message, and nothing else. " +
            "The form: {{\"n\": its number, \"intent\": \"the intent's name, or {0}\", \"reason\": \"one sentence\"}}",
        Styles =
        [
            "offhand and very short, as typed into a search box, little punctuation", "colloquial, as in a chat with support",
            "a beginner who does not know the terms and describes things", "an experienced user with jargon and abbreviations",
            "formal and complete, as in a letter", "in a hurry, with typos or missing words, yet understandable",
        ],
    };
}
