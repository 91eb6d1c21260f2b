/** The helpers' desk. Open `desk.ts` next: it holds what the page knows; `views/` shows it. */
import './styles/element';
import './styles/base.css';

import { createApp } from 'vue';

import App from './App.vue';

createApp(App).mount('#app');
