using FinIntent.Files;
using FinIntent.Intents;

namespace FinIntent.Jobs.Starter;

/// <summary>The YAML files of a starting folder, with comments in its language.</summary>
sealed class StarterYaml(StarterFolder folder, IReadOnlyList<StarterRow> rows)
{
    string LabelsWord => folder.Labels == LabelKind.Letters ? "letters" : "names";

    string Adapter => folder.Path("saves/lora");

    string Model => Quoted(folder.Model.Replace('\\', '/'));

    public string Schema()
    {
        var text = new StringBuilder($"""
            # {Say("意图清单：模型要分的类，怎么问它，它怎么答。docs/intents.md 说明每一项。", "The intents: what is told apart, how the model is asked and what it answers. docs/intents.md explains each key.")}
            name: {folder.Name}
            # {Say("提示词的语言：zh 或 en", "of the prompt: zh or en")}
            language: {(folder.Language == SchemaLanguage.Chinese ? "zh" : "en")}
            # {Say("模型的答案：letters（字母，2 到 26 类）或 names（意图名，2 到 200 类）", "the answer: letters (2 to 26 intents) or names (2 to 200)")}
            labels: {LabelsWord}
            # {Say("可选：自己的提示词，含 {question}、{options}，字母时可含 {labels}", "optional: an instruction of your own with {question}, {options} and, for letters, {labels}")}
            # instruction: |
            #   …
            intents:

            """.ReplaceLineEndings("\n"));
        foreach (var (i, group) in rows.GroupBy(row => row.Intent).Index())
        {
            text.Append($"  - name: {Quoted(group.Key)}\n");
            text.Append($"    description: " +
                $"{Quoted(Say($"问{group.Key}的问题。（请改成一两句定义）", $"Questions about {group.Key}. (Replace this by a definition of one or two sentences.)"))}\n");
            text.Append("    examples:\n");
            foreach (var row in group.Where(row => row.Split == "train").Take(2)) text.Append($"      - {Quoted(row.Question)}\n");
            if (i == 0)
                text.Append($"    # {Say("与相邻意图的边界，一行一条；生成数据时用", "rules against neighbours, one a line; data generation uses them")}\n   " +
                    " # borderline:\n    #   - …\n");
        }
        return text.ToString();
    }

    public string Train() => Text($"""
        ### {Say("训练：LoRA。路径相对于启动命令的文件夹。", "Training: LoRA. Paths start from the folder the command is started in.")}
        # {Say("内置小模型只懂一些中文，只用来试跑；正式训练请换成例如 Qwen/Qwen2.5-7B-Instruct，template: qwen，learning_rate: 1.0e-4，lora_rank: 8",
            "the embedded model knows a little Chinese and is for trying things; for real work take, for example, Qwen/Qwen2.5-7B-Instruct, template: qwen, learning_rate: 1.0e-4, lora_rank: 8")}
        model_name_or_path: {Model}
        template: {folder.Template}

        stage: sft
        do_train: true
        finetuning_type: lora
        lora_target: all
        lora_rank: 8

        # {Say("名字见 dataset_info.json；eval_dataset 只用来看验证损失，也与训练行比对，不许雷同", "names of dataset_info.json; eval_dataset is for the validation loss, and no training row may repeat it")}
        dataset: {folder.Name}_train
        eval_dataset: {folder.Name}_val
        dataset_dir: {Quoted(folder.Path("").TrimEnd('/'))}
        # {Say("评测行不得出现在训练行里", "evaluation rows must not be among the training rows")}
        leak_check_files: {Quoted(folder.Path("eval.json"))}
        cutoff_len: 4096

        output_dir: {Quoted(Adapter)}
        overwrite_output_dir: true
        logging_steps: 5
        save_strategy: "no"
        plot_loss: true

        per_device_train_batch_size: 8
        gradient_accumulation_steps: 1
        learning_rate: 1.0e-3
        num_train_epochs: 10.0
        lr_scheduler_type: cosine
        warmup_ratio: 0.1
        bf16: true
        do_eval: true
        compute_accuracy: true
        seed: 42
        """);

    public string Export() => Text($"""
        ### {Say("把适配器并入模型，得到 Hugging Face 格式的文件夹", "Merge the adapter into the model: a folder in Hugging Face's format")}
        {Answering()}
        finetuning_type: lora
        export_dir: {Quoted(folder.Path("saves/model"))}
        export_size: 2
        export_device: cpu
        export_legacy_format: false
        """);

    public string Eval() => Text($"""
        ### {Say("评测：选项概率和写出的答案都算。基座模型：adapter_name_or_path=null", "Evaluation by option probabilities and by what is written. The base model: adapter_name_or_path=null")}
        {Answering()}
        eval_file: {Quoted(folder.Path("eval.json"))}
        # {Say("也可以评测 {\"question\": …, \"gold\": 意图名} 这样的行，选项取自这里", "rows {\"question\": …, \"gold\": name} can be evaluated, too; their options come from here")}
        intent_schema: {Quoted(folder.Path("schema.yaml"))}
        scoring: both
        output_dir: {Quoted(folder.Path("saves/eval"))}
        """);

    public string Inference() => Text($"""
        ### {Say($"提问：finintent inference {folder.Path("inference.yaml")} question=\"…\"", $"Ask: finintent inference {folder.Path("inference.yaml")} question=\"…\"")}
        {Answering()}
        # {Say("问句放进训练用的提示词里", "questions are put into the instruction of training")}
        intent_prompt: true
        intent_schema: {Quoted(folder.Path("schema.yaml"))}
        do_sample: false
        max_new_tokens: 64
        """);

    public string Generate() => Text($"""
        ### {Say($"让大模型写训练行：finintent data generate {folder.Path("generate.yaml")}", $"Have a large model write training rows: finintent data generate {folder.Path("generate.yaml")}")}
        intent_schema: {Quoted(folder.Path("schema.yaml"))}
        rows: {100 * rows.Select(row => row.Intent).Distinct().Count()}
        val_size: 0.1
        # {Say("生成的行不得与评测行雷同", "no row may repeat an evaluation row")}
        leak_check_files: {Quoted(folder.Path("eval.json"))}
        output_dir: {Quoted(folder.Path("generated"))}

        # {Say("密钥放在环境变量里，见 docs/api.md；价格是每百万词元，budget 永不超过", "the key is in an environment variable (docs/api.md); prices are of a million tokens, and budget is never exceeded")}
        api: anthropic
        api_model: claude-sonnet-4-5
        api_price_input: 3
        api_price_output: 15
        budget: 2
        """);

    string Answering() => $"model_name_or_path: {Model}\nadapter_name_or_path: {Quoted(Adapter)}\ntemplate: {folder.Template}";

    string Say(string chinese, string english) => folder.Language == SchemaLanguage.Chinese ? chinese : english;

    static string Text(string text) => text.ReplaceLineEndings("\n") + "\n";

    /// <summary>As a YAML scalar: as it stands where nothing in it could be taken for YAML, else in quotes.</summary>
    static string Quoted(string text) =>
        text.Length > 0 && char.IsLetterOrDigit(text[0])
            && text.All(c => char.IsLetterOrDigit(c)
            || c is ' ' or '_' or '-' or '/' or '.' or ',' or '，' or '。' or '？' or '?' or '（' or '）' or '(' or ')' or '\'')
            && !text.EndsWith(' ') && text.Any(char.IsLetter)
                && text.ToLowerInvariant() is not ("true" or "false" or "yes" or "no" or "on" or "off" or "null")
            ? text : JsonSerializer.Serialize(text, JsonFile.Line);
}
