"""report.html.j2, compiled by `python -m sluicegate.report.templates`: change the template instead."""

compiled_by = '3.1.6'

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'report.html.j2'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_style_hash = resolve('style_hash')
    l_0_view = resolve('view')
    l_0_style = resolve('style')
    l_0_tone = resolve('tone')
    l_0_criteria = resolve('criteria')
    l_0_findings = resolve('findings')
    l_0_interval = l_0_drawing = l_0_small = l_0_number = l_0_advice = l_0_tones = missing
    try:
        t_1 = environment.filters['capitalize']
    except KeyError:
        @internalcode
        def t_1(*unused):
            raise TemplateRuntimeError("No filter named 'capitalize' found.")
    try:
        t_2 = environment.filters['parted']
    except KeyError:
        @internalcode
        def t_2(*unused):
            raise TemplateRuntimeError("No filter named 'parted' found.")
    try:
        t_3 = environment.filters['trim']
    except KeyError:
        @internalcode
        def t_3(*unused):
            raise TemplateRuntimeError("No filter named 'trim' found.")
    try:
        t_4 = environment.tests['none']
    except KeyError:
        @internalcode
        def t_4(*unused):
            raise TemplateRuntimeError("No test named 'none' found.")
    pass
    def macro(l_1_plot, l_1_y, l_1_size):
        t_5 = []
        if l_1_plot is missing:
            l_1_plot = undefined("parameter 'plot' was not provided", name='plot')
        if l_1_y is missing:
            l_1_y = undefined("parameter 'y' was not provided", name='y')
        if l_1_size is missing:
            l_1_size = undefined("parameter 'size' was not provided", name='size')
        pass
        if (not t_4(environment.getattr(l_1_plot, 'low'))):
            pass
            t_5.extend((
                '<line class="interval" x1="',
                escape(environment.getattr(l_1_plot, 'low')),
                '%" x2="',
                escape(environment.getattr(l_1_plot, 'high')),
                '%" y1="',
                escape(l_1_y),
                '" y2="',
                escape(l_1_y),
                '"/>\n',
            ))
            if (not environment.getattr(l_1_plot, 'open_low')):
                pass
                t_5.extend((
                    '<line class="interval" x1="',
                    escape(environment.getattr(l_1_plot, 'low')),
                    '%" x2="',
                    escape(environment.getattr(l_1_plot, 'low')),
                    '%" y1="',
                    escape((l_1_y - l_1_size)),
                    '" y2="',
                    escape((l_1_y + l_1_size)),
                    '"/>\n',
                ))
            if (not environment.getattr(l_1_plot, 'open_high')):
                pass
                t_5.extend((
                    '<line class="interval" x1="',
                    escape(environment.getattr(l_1_plot, 'high')),
                    '%" x2="',
                    escape(environment.getattr(l_1_plot, 'high')),
                    '%" y1="',
                    escape((l_1_y - l_1_size)),
                    '" y2="',
                    escape((l_1_y + l_1_size)),
                    '"/>\n',
                ))
        if (not t_4(environment.getattr(l_1_plot, 'dot'))):
            pass
            t_5.extend((
                '<circle class="dot" cx="',
                escape(environment.getattr(l_1_plot, 'dot')),
                '%" cy="',
                escape(l_1_y),
                '" r="',
                escape(l_1_size),
                '"/>\n',
            ))
        return concat(t_5)
    context.exported_vars.add('interval')
    context.vars['interval'] = l_0_interval = Macro(environment, macro, 'interval', ('plot', 'y', 'size'), False, False, False, context.eval_ctx.autoescape)
    def macro(l_1_item, l_1_chart, l_1_id):
        t_6 = []
        if l_1_item is missing:
            l_1_item = undefined("parameter 'item' was not provided", name='item')
        if l_1_chart is missing:
            l_1_chart = undefined("parameter 'chart' was not provided", name='chart')
        if l_1_id is missing:
            l_1_id = undefined("parameter 'id' was not provided", name='id')
        pass
        t_6.extend((
            '<svg class="chart" width="100%" height="',
            escape(environment.getattr(l_1_chart, 'height')),
            '" role="img" aria-labelledby="',
            escape(l_1_id),
            '-t ',
            escape(l_1_id),
            '-d">\n<title id="',
            escape(l_1_id),
            '-t">',
            escape(environment.getattr(l_1_item, 'name')),
            ': ',
            escape(environment.getattr(l_1_item, 'value')),
            ', ',
            escape(environment.getattr(l_1_item, 'status')),
            '</title>\n<desc id="',
            escape(l_1_id),
            '-d">',
            escape(environment.getattr(l_1_item, 'evidence')),
            '. ',
        ))
        if environment.getattr(l_1_item, 'interval'):
            pass
            t_6.extend((
                'Interval ',
                escape(environment.getattr(l_1_item, 'interval')),
                '. ',
            ))
        l_2_loop = missing
        for l_2_line, l_2_loop in LoopContext(environment.getattr(l_1_item, 'lines'), undefined):
            _loop_vars = {}
            pass
            t_6.extend((
                escape(environment.getattr(l_2_line, 'text')),
                escape(('; ' if (not environment.getattr(l_2_loop, 'last')) else cond_expr_undefined("the inline if-expression on line 19 in 'report.html.j2' evaluated to false and no else section was defined."))),
            ))
        l_2_loop = l_2_line = missing
        t_6.append(
            '.</desc>\n',
        )
        for l_2_zone in environment.getattr(l_1_chart, 'zones'):
            _loop_vars = {}
            pass
            t_6.extend((
                '<rect class="zone ',
                escape(environment.getattr(l_2_zone, 'kind')),
                '" x="',
                escape(environment.getattr(l_2_zone, 'x')),
                '%" width="',
                escape(environment.getattr(l_2_zone, 'width')),
                '%" y="',
                escape(environment.getattr(l_1_chart, 'band_y')),
                '" height="12"/>\n',
            ))
        l_2_zone = missing
        for l_2_mark in environment.getattr(l_1_chart, 'marks'):
            _loop_vars = {}
            pass
            t_6.extend((
                '<line class="tick ',
                escape(environment.getattr(l_2_mark, 'kind')),
                '" x1="',
                escape(environment.getattr(l_2_mark, 'x')),
                '%" x2="',
                escape(environment.getattr(l_2_mark, 'x')),
                '%" y1="',
                escape((environment.getattr(l_2_mark, 'label_y') + 4)),
                '" y2="',
                escape((environment.getattr(l_1_chart, 'band_y') + 16)),
                '"/>\n',
            ))
        l_2_mark = missing
        for l_2_mark in environment.getattr(l_1_chart, 'marks'):
            _loop_vars = {}
            pass
            t_6.extend((
                '<text class="label ',
                escape(environment.getattr(l_2_mark, 'kind')),
                '" x="',
                escape(environment.getattr(l_2_mark, 'x')),
                '%" y="',
                escape(environment.getattr(l_2_mark, 'label_y')),
                '" text-anchor="',
                escape(environment.getattr(l_2_mark, 'anchor')),
                '">',
                escape(environment.getattr(l_2_mark, 'label')),
                '</text>\n',
            ))
        l_2_mark = missing
        t_6.extend((
            escape(context.call((undefined(name='interval') if l_0_interval is missing else l_0_interval), environment.getattr(l_1_chart, 'plot'), (environment.getattr(l_1_chart, 'band_y') + 6), 6)),
            '\n<text class="end" x="0" y="',
            escape((environment.getattr(l_1_chart, 'band_y') + 31)),
            '">',
            escape(environment.getattr(l_1_chart, 'first')),
            '</text>\n<text class="end" x="100%" y="',
            escape((environment.getattr(l_1_chart, 'band_y') + 31)),
            '" text-anchor="end">',
            escape(environment.getattr(l_1_chart, 'last')),
            '</text>\n</svg>\n',
        ))
        return concat(t_6)
    context.exported_vars.add('drawing')
    context.vars['drawing'] = l_0_drawing = Macro(environment, macro, 'drawing', ('item', 'chart', 'id'), False, False, False, context.eval_ctx.autoescape)
    def macro(l_1_part, l_1_plot, l_1_chart, l_1_id):
        t_7 = []
        if l_1_part is missing:
            l_1_part = undefined("parameter 'part' was not provided", name='part')
        if l_1_plot is missing:
            l_1_plot = undefined("parameter 'plot' was not provided", name='plot')
        if l_1_chart is missing:
            l_1_chart = undefined("parameter 'chart' was not provided", name='chart')
        if l_1_id is missing:
            l_1_id = undefined("parameter 'id' was not provided", name='id')
        pass
        t_7.extend((
            '<svg class="small" width="100%" height="18" role="img" aria-labelledby="',
            escape(l_1_id),
            '-t">\n<title id="',
            escape(l_1_id),
            '-t">',
            escape(environment.getattr(l_1_part, 'name')),
            ': ',
            escape(environment.getattr(l_1_part, 'value')),
        ))
        if environment.getattr(l_1_part, 'interval'):
            pass
            t_7.extend((
                ', interval ',
                escape(environment.getattr(l_1_part, 'interval')),
            ))
        t_7.append(
            '</title>\n',
        )
        for l_2_zone in environment.getattr(l_1_chart, 'zones'):
            _loop_vars = {}
            pass
            t_7.extend((
                '<rect class="zone ',
                escape(environment.getattr(l_2_zone, 'kind')),
                '" x="',
                escape(environment.getattr(l_2_zone, 'x')),
                '%" width="',
                escape(environment.getattr(l_2_zone, 'width')),
                '%" y="6" height="6"/>\n',
            ))
        l_2_zone = missing
        t_7.extend((
            escape(context.call((undefined(name='interval') if l_0_interval is missing else l_0_interval), l_1_plot, 9, 4)),
            '\n</svg>\n',
        ))
        return concat(t_7)
    context.exported_vars.add('small')
    context.vars['small'] = l_0_small = Macro(environment, macro, 'small', ('part', 'plot', 'chart', 'id'), False, False, False, context.eval_ctx.autoescape)
    def macro(l_1_label, l_1_value):
        t_8 = []
        if l_1_label is missing:
            l_1_label = undefined("parameter 'label' was not provided", name='label')
        if l_1_value is missing:
            l_1_value = undefined("parameter 'value' was not provided", name='value')
        pass
        t_8.extend((
            '<td data-label="',
            escape(l_1_label),
            '" class="number',
            escape((' zero' if (l_1_value == 0) else cond_expr_undefined("the inline if-expression on line 44 in 'report.html.j2' evaluated to false and no else section was defined."))),
            escape((' aside' if (l_1_label == 'not applicable') else cond_expr_undefined("the inline if-expression on line 44 in 'report.html.j2' evaluated to false and no else section was defined."))),
            '">',
            escape(context.call(environment.getattr('{:,}', 'format'), l_1_value)),
            '</td>\n',
        ))
        return concat(t_8)
    context.exported_vars.add('number')
    context.vars['number'] = l_0_number = Macro(environment, macro, 'number', ('label', 'value'), False, False, False, context.eval_ctx.autoescape)
    def macro(l_1_text):
        t_9 = []
        l_1_prose = l_1_command = missing
        if l_1_text is missing:
            l_1_text = undefined("parameter 'text' was not provided", name='text')
        pass
        (l_1_prose, l_1_command) = t_2(l_1_text)
        t_9.extend((
            escape((undefined(name='prose') if l_1_prose is missing else l_1_prose)),
            escape((' ' if ((undefined(name='prose') if l_1_prose is missing else l_1_prose) and (undefined(name='command') if l_1_command is missing else l_1_command)) else cond_expr_undefined("the inline if-expression on line 48 in 'report.html.j2' evaluated to false and no else section was defined."))),
        ))
        if (undefined(name='command') if l_1_command is missing else l_1_command):
            pass
            t_9.extend((
                '<code>',
                escape((undefined(name='command') if l_1_command is missing else l_1_command)),
                '</code>',
            ))
        return concat(t_9)
    context.exported_vars.add('advice')
    context.vars['advice'] = l_0_advice = Macro(environment, macro, 'advice', ('text',), False, False, False, context.eval_ctx.autoescape)
    l_0_tones = {'✓': 'pass', '–': 'open', '✗': 'fail'}
    context.vars['tones'] = l_0_tones
    context.exported_vars.add('tones')
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'sha256-'
    yield escape((undefined(name='style_hash') if l_0_style_hash is missing else l_0_style_hash))
    yield '\'; base-uri \'none\'; form-action \'none\'">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n<title>'
    yield escape(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'decision'))
    yield escape(((' ' + environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'cause')) if environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'cause') else cond_expr_undefined("the inline if-expression on line 59 in 'report.html.j2' evaluated to false and no else section was defined.")))
    yield ' · '
    yield escape(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'plan'))
    yield ' · '
    yield escape(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'step'))
    yield '</title>\n<style>'
    yield escape((undefined(name='style') if l_0_style is missing else l_0_style))
    yield '</style>\n</head>\n<body class="'
    yield escape((undefined(name='tone') if l_0_tone is missing else l_0_tone))
    yield '">\n<main>\n<header>\n<p class="where">'
    yield escape(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'plan'))
    yield ' <span class="quiet">attempt '
    yield escape(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'attempt'))
    yield '</span></p>\n<h1>'
    yield escape(t_1(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'decision')))
    if environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'cause'):
        pass
        yield ' <span class="cause">'
        yield escape(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'cause'))
        yield '</span>'
    yield '</h1>\n<p class="step">'
    yield escape(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'step'))
    yield '</p>\n<dl class="bound">\n<div><dt>subject</dt><dd>'
    yield escape(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'subject'))
    yield '</dd></div>\n<div><dt>plan</dt><dd>'
    yield escape(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'plan_hash'))
    yield '</dd></div>\n<div><dt>evidence</dt><dd>'
    yield escape(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'evidence'))
    yield '</dd></div>\n<div><dt>issued</dt><dd>'
    yield escape(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'issued'))
    yield '</dd></div>\n<div><dt>valid until</dt><dd>'
    yield escape(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'valid_until'))
    yield '</dd></div>\n</dl>\n</header>\n\n'
    if environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'reasons'):
        pass
        yield '<section aria-labelledby="why">\n<h2 id="why">Why</h2>\n<ol class="reasons">\n'
        for l_1_reason in environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'reasons'):
            _loop_vars = {}
            pass
            yield '<li class="'
            yield escape(environment.getitem((undefined(name='tones') if l_0_tones is missing else l_0_tones), environment.getattr(environment.getattr(l_1_reason, 'mark'), 'value')))
            yield '">\n<span class="mark" aria-hidden="true">'
            yield escape(environment.getattr(environment.getattr(l_1_reason, 'mark'), 'value'))
            yield '</span>\n<div>\n'
            if environment.getattr(l_1_reason, 'finding'):
                pass
                yield '<p><strong>'
                yield escape(environment.getattr(environment.getattr(l_1_reason, 'finding'), 'check'))
                yield '</strong> <span class="quiet">case</span> <code>'
                yield escape(environment.getattr(environment.getattr(l_1_reason, 'finding'), 'case'))
                yield '</code>'
                if environment.getattr(environment.getattr(l_1_reason, 'finding'), 'repeat'):
                    pass
                    yield ' <span class="quiet">repeat '
                    yield escape(environment.getattr(environment.getattr(l_1_reason, 'finding'), 'repeat'))
                    yield '</span>'
                yield ' <span class="quiet">at</span> <code>'
                yield escape(environment.getattr(environment.getattr(l_1_reason, 'finding'), 'place'))
                yield '</code></p>\n<p>'
                yield escape(environment.getattr(environment.getattr(l_1_reason, 'finding'), 'message'))
                yield '</p>\n'
                if environment.getattr(environment.getattr(l_1_reason, 'finding'), 'excerpt'):
                    pass
                    yield '<p class="excerpt"><span class="quiet">seen</span> <q>'
                    yield escape(environment.getattr(environment.getattr(l_1_reason, 'finding'), 'excerpt'))
                    yield '</q></p>\n'
                if environment.getattr(l_1_reason, 'also'):
                    pass
                    yield '<p class="quiet">'
                    yield escape(environment.getattr(l_1_reason, 'also'))
                    yield '</p>\n'
                if environment.getattr(l_1_reason, 'also_fails'):
                    pass
                    yield '<p class="quiet">'
                    yield escape(environment.getattr(l_1_reason, 'also_fails'))
                    yield '</p>\n'
                if environment.getattr(l_1_reason, 'adds'):
                    pass
                    yield '<p class="quiet">'
                    yield escape(environment.getattr(l_1_reason, 'adds'))
                    yield '</p>\n'
            else:
                pass
                yield '<p><strong>'
                yield escape(environment.getattr(l_1_reason, 'about'))
                yield '</strong> '
                yield escape(environment.getattr(l_1_reason, 'text'))
                yield '</p>\n'
            if (environment.getattr(l_1_reason, 'mend') and (environment.getattr(l_1_reason, 'mend') != environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'first_mend'))):
                pass
                yield '<p>'
                yield escape(t_3(context.call((undefined(name='advice') if l_0_advice is missing else l_0_advice), environment.getattr(l_1_reason, 'mend'), _loop_vars=_loop_vars)))
                yield '</p>\n'
            if environment.getattr(l_1_reason, 'rerun'):
                pass
                yield '<p class="quiet">rerun <code>'
                yield escape(environment.getattr(l_1_reason, 'rerun'))
                yield '</code></p>\n'
            yield '</div>\n</li>\n'
        l_1_reason = missing
        yield '</ol>\n'
        if environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'next'):
            pass
            yield '<div class="next">\n<p><span>Next</span> '
            yield escape(t_3(context.call((undefined(name='advice') if l_0_advice is missing else l_0_advice), environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'next'))))
            yield '</p>\n'
            if environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'causes'):
                pass
                yield '<ul>\n'
                for l_1_cause in environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'causes'):
                    _loop_vars = {}
                    pass
                    yield '<li>'
                    yield escape(environment.getattr(environment.getattr(l_1_cause, 'finding'), 'case'))
                    yield ' <span class="quiet">'
                    yield escape(environment.getattr(environment.getattr(l_1_cause, 'finding'), 'check'))
                    yield '</span> '
                    yield escape(environment.getattr(environment.getattr(l_1_cause, 'finding'), 'message'))
                    yield '<br><code>'
                    yield escape(environment.getattr(l_1_cause, 'rerun'))
                    yield '</code></li>\n'
                l_1_cause = missing
                yield '</ul>\n'
            yield '</div>\n'
        yield '</section>\n'
    yield '\n'
    if (((undefined(name='tone') if l_0_tone is missing else l_0_tone) == 'rollback') and environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'rollback_steps')):
        pass
        yield '<section aria-labelledby="back">\n<h2 id="back">Roll back with</h2>\n<ol class="steps">\n'
        for l_1_step in environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'rollback_steps'):
            _loop_vars = {}
            pass
            yield '<li><code>'
            yield escape(l_1_step)
            yield '</code></li>\n'
        l_1_step = missing
        yield '</ol>\n</section>\n'
    yield '\n'
    if (undefined(name='criteria') if l_0_criteria is missing else l_0_criteria):
        pass
        yield '<section aria-labelledby="criteria">\n<h2 id="criteria">Criteria</h2>\n<ul class="legend" aria-hidden="true">\n<li><i class="good"></i>target met</li>\n<li><i class="short"></i>short of target</li>\n<li><i class="alert"></i>alert</li>\n<li><i class="rollback"></i>rollback</li>\n<li><b></b>estimate and interval</li>\n</ul>\n'
        l_1_loop = missing
        for (l_1_item, l_1_chart), l_1_loop in LoopContext((undefined(name='criteria') if l_0_criteria is missing else l_0_criteria), undefined):
            l_1_id = missing
            _loop_vars = {}
            pass
            l_1_id = markup_join(('c', environment.getattr(l_1_loop, 'index'), ))
            _loop_vars['id'] = l_1_id
            yield '<article class="'
            yield escape(environment.getitem((undefined(name='tones') if l_0_tones is missing else l_0_tones), environment.getattr(environment.getattr(l_1_item, 'mark'), 'value')))
            yield '">\n<div class="what">\n<h3><span class="mark" aria-hidden="true">'
            yield escape(environment.getattr(environment.getattr(l_1_item, 'mark'), 'value'))
            yield '</span> '
            yield escape(environment.getattr(l_1_item, 'name'))
            yield '</h3>\n<p class="value'
            yield escape((' unknown' if (environment.getattr(l_1_item, 'value') == 'not measured') else cond_expr_undefined("the inline if-expression on line 154 in 'report.html.j2' evaluated to false and no else section was defined.")))
            yield '">'
            yield escape(environment.getattr(l_1_item, 'value'))
            yield '</p>\n<p>'
            yield escape(environment.getattr(l_1_item, 'evidence'))
            yield '</p>\n<p class="quiet">'
            yield escape(environment.getattr(l_1_item, 'origins'))
            yield ' · <span class="status">'
            yield escape(environment.getattr(l_1_item, 'status'))
            yield '</span></p>\n</div>\n<div class="shown">\n'
            if l_1_chart:
                pass
                yield escape(context.call((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), l_1_item, l_1_chart, (undefined(name='id') if l_1_id is missing else l_1_id), _loop_vars=_loop_vars))
                yield '\n'
            yield '<p>'
            if environment.getattr(l_1_item, 'shown'):
                pass
                yield escape(environment.getattr(l_1_item, 'statement'))
                yield ' '
            yield '<span class="figures quiet">'
            yield escape(environment.getattr(l_1_item, 'figures'))
            yield '</span></p>\n<p class="quiet lines">'
            for l_2_line in environment.getattr(l_1_item, 'lines'):
                _loop_vars = {}
                pass
                yield '<span>'
                yield escape(environment.getattr(l_2_line, 'text'))
                yield '</span>'
            l_2_line = missing
            yield '</p>\n'
            if (environment.getattr(l_1_item, 'flip') and (environment.getattr(environment.getattr(l_1_item, 'mark'), 'value') != '✓')):
                pass
                yield '<p class="flip">'
                yield escape(t_3(context.call((undefined(name='advice') if l_0_advice is missing else l_0_advice), environment.getattr(l_1_item, 'flip'), _loop_vars=_loop_vars)))
                yield '</p>\n'
            if environment.getattr(l_1_item, 'left_out'):
                pass
                yield '<p class="quiet">'
                yield escape(environment.getattr(l_1_item, 'left_out'))
                yield '</p>\n'
            if environment.getattr(l_1_item, 'slices'):
                pass
                yield '<table class="slices">\n<caption class="unseen">'
                yield escape(environment.getattr(l_1_item, 'name'))
                yield ' by slice</caption>\n<thead class="unseen"><tr><th scope="col">slice</th><th scope="col">value</th><th scope="col">drawing</th><th scope="col">evidence</th><th scope="col">status</th></tr></thead>\n<tbody>\n'
                l_2_loop = missing
                for l_2_part, l_2_loop in LoopContext(environment.getattr(l_1_item, 'slices'), undefined):
                    _loop_vars = {}
                    pass
                    yield '<tr class="'
                    yield escape(environment.getitem((undefined(name='tones') if l_0_tones is missing else l_0_tones), environment.getattr(environment.getattr(l_2_part, 'mark'), 'value')))
                    yield '">\n<th scope="row">'
                    yield escape(environment.getattr(l_2_part, 'name'))
                    yield '</th>\n<td class="number">'
                    yield escape(environment.getattr(l_2_part, 'value'))
                    yield '</td>\n<td class="drawn">'
                    if (l_1_chart and (not t_4(environment.getattr(environment.getitem(environment.getattr(l_1_chart, 'slices'), environment.getattr(l_2_loop, 'index0')), 'dot')))):
                        pass
                        yield escape(context.call((undefined(name='small') if l_0_small is missing else l_0_small), l_2_part, environment.getitem(environment.getattr(l_1_chart, 'slices'), environment.getattr(l_2_loop, 'index0')), l_1_chart, markup_join(((undefined(name='id') if l_1_id is missing else l_1_id), '-', environment.getattr(l_2_loop, 'index'), )), _loop_vars=_loop_vars))
                    yield '</td>\n<td class="quiet">'
                    yield escape(environment.getattr(l_2_part, 'evidence'))
                    yield '</td>\n<td><span class="mark" aria-hidden="true">'
                    yield escape(environment.getattr(environment.getattr(l_2_part, 'mark'), 'value'))
                    yield '</span> '
                    yield escape(environment.getattr(l_2_part, 'status'))
                    yield '</td>\n</tr>\n'
                l_2_loop = l_2_part = missing
                yield '</tbody>\n</table>\n'
            yield '</div>\n</article>\n'
        l_1_loop = l_1_item = l_1_chart = l_1_id = missing
        yield '</section>\n'
    yield '\n'
    if environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'suites'):
        pass
        yield '<section aria-labelledby="suites">\n<h2 id="suites">Suites</h2>\n<p class="lede">'
        yield escape(environment.getattr(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'all_suites'), 'name'))
        yield ', '
        yield escape(environment.getattr(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'all_suites'), 'text'))
        yield '</p>\n<table class="grid">\n<thead><tr><th scope="col">suite</th>'
        for l_1_name in ('checks', 'failed', 'crashed', 'skipped', 'missing', 'not applicable'):
            _loop_vars = {}
            pass
            yield '<th scope="col" class="number">'
            yield escape(l_1_name)
            yield '</th>'
        l_1_name = missing
        yield '</tr></thead>\n<tbody>\n'
        for l_1_suite in environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'suites'):
            _loop_vars = {}
            pass
            yield '<tr class="'
            yield escape(environment.getitem((undefined(name='tones') if l_0_tones is missing else l_0_tones), environment.getattr(environment.getattr(l_1_suite, 'mark'), 'value')))
            yield '">\n<th scope="row"><span class="mark" aria-hidden="true">'
            yield escape(environment.getattr(environment.getattr(l_1_suite, 'mark'), 'value'))
            yield '</span> '
            yield escape(environment.getattr(l_1_suite, 'name'))
            if environment.getattr(l_1_suite, 'self_reported'):
                pass
                yield ' <span class="quiet">self-reported</span>'
            yield '</th>\n'
            yield escape(context.call((undefined(name='number') if l_0_number is missing else l_0_number), 'checks', environment.getattr(l_1_suite, 'planned'), _loop_vars=_loop_vars))
            yield '\n'
            yield escape(context.call((undefined(name='number') if l_0_number is missing else l_0_number), 'failed', environment.getattr(l_1_suite, 'failed'), _loop_vars=_loop_vars))
            yield '\n'
            yield escape(context.call((undefined(name='number') if l_0_number is missing else l_0_number), 'crashed', environment.getattr(l_1_suite, 'crashed'), _loop_vars=_loop_vars))
            yield '\n'
            yield escape(context.call((undefined(name='number') if l_0_number is missing else l_0_number), 'skipped', environment.getattr(l_1_suite, 'skipped'), _loop_vars=_loop_vars))
            yield '\n'
            yield escape(context.call((undefined(name='number') if l_0_number is missing else l_0_number), 'missing', environment.getattr(l_1_suite, 'missing'), _loop_vars=_loop_vars))
            yield '\n'
            yield escape(context.call((undefined(name='number') if l_0_number is missing else l_0_number), 'not applicable', environment.getattr(l_1_suite, 'not_applicable'), _loop_vars=_loop_vars))
            yield '\n</tr>\n'
        l_1_suite = missing
        yield '</tbody>\n</table>\n</section>\n'
    yield '\n'
    if environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'loads'):
        pass
        template = environment.get_template('report_loads.html.j2', 'report.html.j2')
        gen = template.root_render_func(template.new_context(context.get_all(), True, {'advice': l_0_advice, 'drawing': l_0_drawing, 'interval': l_0_interval, 'number': l_0_number, 'small': l_0_small, 'tones': l_0_tones}))
        try:
            for event in gen:
                yield event
        finally: gen.close()
    yield '\n'
    if ((undefined(name='findings') if l_0_findings is missing else l_0_findings) or environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'more_findings')):
        pass
        yield '<section aria-labelledby="findings">\n<h2 id="findings">Findings</h2>\n<table class="grid findings">\n<thead><tr><th scope="col">check and case</th><th scope="col">finding</th><th scope="col">seen</th></tr></thead>\n<tbody>\n'
        for l_1_finding in (undefined(name='findings') if l_0_findings is missing else l_0_findings):
            _loop_vars = {}
            pass
            yield '<tr class="'
            yield escape(('fail' if (environment.getattr(l_1_finding, 'severity') == 'incident') else ('open' if (environment.getattr(l_1_finding, 'severity') == 'error') else 'quiet')))
            yield '">\n<th scope="row">'
            yield escape(environment.getattr(l_1_finding, 'check'))
            yield '<br><span class="quiet">'
            yield escape(environment.getattr(l_1_finding, 'severity'))
            yield ', '
            yield escape(environment.getattr(l_1_finding, 'witness'))
            yield '</span><br><code>'
            yield escape(environment.getattr(l_1_finding, 'case'))
            yield '</code>'
            if environment.getattr(l_1_finding, 'repeat'):
                pass
                yield ' <span class="quiet">repeat '
                yield escape(environment.getattr(l_1_finding, 'repeat'))
                yield '</span>'
            yield '</th>\n<td>'
            yield escape(environment.getattr(l_1_finding, 'message'))
            yield '<br><span class="quiet">at <code>'
            yield escape(environment.getattr(l_1_finding, 'place'))
            yield '</code></span>'
            if environment.getattr(l_1_finding, 'mend'):
                pass
                yield '<br>'
                yield escape(environment.getattr(l_1_finding, 'mend'))
            yield '</td>\n<td class="excerpt">'
            if environment.getattr(l_1_finding, 'excerpt'):
                pass
                yield '<q>'
                yield escape(environment.getattr(l_1_finding, 'excerpt'))
                yield '</q>'
            yield '</td>\n</tr>\n'
        l_1_finding = missing
        yield '</tbody>\n</table>\n'
        if environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'more_findings'):
            pass
            yield '<p class="quiet">'
            yield escape(context.call(environment.getattr('{:,}', 'format'), environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'more_findings')))
            yield ' more in the ledger.</p>\n'
        yield '</section>\n'
    yield '\n'
    if environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'notes'):
        pass
        yield '<section aria-labelledby="notes">\n<h2 id="notes">Notes</h2>\n<ul class="notes">\n'
        for l_1_note in environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'notes'):
            _loop_vars = {}
            pass
            yield '<li>'
            yield escape(l_1_note)
            yield '</li>\n'
        l_1_note = missing
        yield '</ul>\n</section>\n'
    yield '\n<section aria-labelledby="bound">\n<h2 id="bound">Decided on</h2>\n<table class="parts">\n<tbody>\n'
    for (l_1_name, l_1_value) in context.call(environment.getattr(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'parts'), 'items')):
        _loop_vars = {}
        pass
        yield '<tr><th scope="row">'
        yield escape(l_1_name)
        yield '</th><td><code>'
        yield escape(l_1_value)
        yield '</code></td></tr>\n'
    l_1_name = l_1_value = missing
    yield '</tbody>\n</table>\n</section>\n</main>\n</body>\n</html>'

blocks = {}
debug_info = '1=42&2=51&3=55&4=64&5=68&7=77&8=81&11=90&12=94&15=104&16=115&17=121&18=129&19=142&20=153&21=158&23=168&24=173&26=185&27=190&29=203&30=205&31=209&34=217&35=230&36=232&37=247&38=252&40=261&43=267&44=276&46=287&47=293&48=295&50=308&55=312&59=314&60=321&62=323&65=325&66=329&67=336&69=338&70=340&71=342&72=344&73=346&77=348&81=351&82=355&83=357&85=359&86=362&87=374&88=376&89=379&91=381&92=384&94=386&95=389&97=391&98=394&101=399&103=403&104=406&106=408&107=411&113=416&115=419&116=421&118=424&119=428&128=441&132=444&133=448&139=453&149=457&150=461&151=464&153=466&154=470&155=474&156=476&159=480&160=482&162=485&163=492&164=500&165=503&167=505&168=508&170=510&172=513&175=516&176=520&177=522&178=524&179=526&180=530&181=532&193=542&196=545&198=549&200=557&201=561&202=563&203=570&204=572&205=574&206=576&207=578&208=580&216=585&217=587&220=594&226=597&227=601&228=603&229=617&230=626&235=634&236=637&241=641&245=644&246=648&256=653&257=657'
