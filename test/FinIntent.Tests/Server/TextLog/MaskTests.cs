using System.Diagnostics;
using FinIntent.Server.TextLog;
using Xunit;

namespace FinIntent.Tests.Server.TextLog;

/// <summary>Every number and address here is made up; the identity numbers are the standard's own example and variations of it.</summary>
public sealed class MaskTests
{
    [Theory]
    [InlineData("我的手机号是13800138000，帮我查一下", "我的手机号是[NUM]，帮我查一下")]
    [InlineData("电话 138-0013-8000", "电话 [NUM]")]
    [InlineData("电话 138 0013 8000 谢谢", "电话 [NUM] 谢谢")]
    [InlineData("打+86 138.0013.8000", "打[NUM]")]
    [InlineData("打（+86）13800138000", "打（[NUM]")]
    [InlineData("0086-10-1234 5678", "[NUM]")]
    [InlineData("卡号6222 0200 1234 5678 901", "卡号[NUM]")]
    [InlineData("卡号6222-0200-1234", "卡号[NUM]")]
    [InlineData("卡号6222 - 0200 - 1234", "卡号[NUM]")]
    [InlineData("卡号6222\u30000200\u00a01234", "卡号[NUM]")]
    [InlineData("卡号6222—0200–1234", "卡号[NUM]")]
    [InlineData("1 3 8 0 0 1 3 8 0 0 0", "[NUM]")]
    [InlineData("１３８００１３８０００", "[NUM]")]
    [InlineData("１３８－００１３－８０００", "[NUM]")]
    [InlineData("٠١٢٣٤٥٦٧٨٩", "[NUM]")]
    [InlineData("۱۲۳۴۵۶", "[NUM]")]
    [InlineData("१२३४५६", "[NUM]")]
    [InlineData("𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖", "[NUM]")]
    [InlineData("①③⑧⓪⓪①", "[NUM]")]
    [InlineData("1️⃣3️⃣8️⃣0️⃣0️⃣1️⃣好", "[NUM]好")]
    [InlineData("138\u200b0013\u200d8000", "[NUM]")]
    [InlineData("1\u00ad3\u20608\ufeff0\u200e0\u202e1", "[NUM]")]
    [InlineData("一三八零零一三八零零零", "[NUM]")]
    [InlineData("幺三八 〇〇幺三 八〇〇〇", "[NUM]")]
    [InlineData("转100000元", "转[NUM]元")]
    [InlineData("转1,000,000.00元", "转[NUM]元")]
    [InlineData("2026-11-30 到期", "[NUM] 到期")]
    [InlineData("QQ12345a678901", "QQ12345a[NUM]")]
    public void A_number_of_six_and_more_digits_is_masked(string text, string masked) => Assert.Equal(masked, Masks.Apply(text));

    [Theory]
    [InlineData("身份证11010519491231002X", "身份证[ID]")]
    [InlineData("身份证11010519491231002x是我的", "身份证[ID]是我的")]
    [InlineData("身份证１１０１０５１９４９１２３１００２Ｘ", "身份证[ID]")]
    [InlineData("身份证11010519491231002Х", "身份证[ID]")] // a Cyrillic letter
    [InlineData("身份证110105 19491231 002X", "身份证[ID]")]
    [InlineData("身份证110105 19491231 002 X", "身份证[ID]")]
    [InlineData("身份证110105-19491231-0021", "身份证[ID]")]
    [InlineData("身份证110105194912310021。", "身份证[ID]。")]
    [InlineData("旧证110105491231002", "旧证[ID]")]
    [InlineData("110105194912310021 13800138000", "[ID] [NUM]")]
    [InlineData("13800138000 11010519491231002X", "[NUM] [ID]")]
    [InlineData("110105194913310021", "[NUM]")] // month 13
    [InlineData("11010519491231002Xa", "[NUM]Xa")]
    [InlineData("110105\u200b19491231\u200b002X", "[ID]")]
    public void An_identity_number_is_masked_as_one(string text, string masked) => Assert.Equal(masked, Masks.Apply(text));

    [Theory]
    [InlineData("写信到zhang.san+bank@example.com吧", "写信到[EMAIL]吧")]
    [InlineData("13800138000@163.com", "[EMAIL]")]
    [InlineData("a@b.co, c_d@mail.example.com.cn", "[EMAIL], [EMAIL]")]
    [InlineData("ａｂｃ＠ｅｘａｍｐｌｅ．ｃｏｍ", "[EMAIL]")]
    [InlineData("abc@qq。com", "[EMAIL]")]
    [InlineData("abc @ qq.com", "[EMAIL]")]
    [InlineData("abc\u200b@\u200bqq.com", "[EMAIL]")]
    [InlineData("张三@公司.中国", "[EMAIL]")]
    [InlineData("a@mail.公司.cn", "[EMAIL]")]
    [InlineData("a@[192.0.2.1]", "[EMAIL]")]
    [InlineData("问a@x-y.example.", "问[EMAIL].")]
    public void An_address_is_masked(string text, string masked) => Assert.Equal(masked, Masks.Apply(text));

    [Theory]
    [InlineData("")]
    [InlineData("买12345股")]
    [InlineData("涨了3.25%，跌到12.5元")]
    [InlineData("上午9:30到下午3:00")]
    [InlineData("第一，第二，第三；一二三，四五六")]
    [InlineData("三百万元、一千二百三十四点五六")]
    [InlineData("@你 在吗 a@b @.")]
    [InlineData("12345 股和 6 手")]
    [InlineData("lone \ud800 surrogate")]
    public void Other_text_stays_as_it_is(string text) => Assert.Equal(text, Masks.Apply(text));

    [Fact]
    public void What_is_masked_once_is_not_masked_again()
    {
        const string text = "电话13800138000，证11010519491231002X，信a@b.com";

        Assert.Equal(Masks.Apply(text), Masks.Apply(Masks.Apply(text)));
    }

    [Theory]
    [InlineData("1")]
    [InlineData("1 ")]
    [InlineData("1   x")]
    [InlineData("@")]
    [InlineData("a@")]
    [InlineData("a@a")]
    [InlineData("a@b.c ")]
    [InlineData("一")]
    [InlineData("-")]
    [InlineData("a@[")]
    public void Two_megabytes_of_anything_are_masked_in_time(string part)
    {
        var text = string.Concat(Enumerable.Repeat(part, (1 << 20) / part.Length));
        var watch = Stopwatch.StartNew();

        Masks.Apply(text);

        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 10);
    }
}
